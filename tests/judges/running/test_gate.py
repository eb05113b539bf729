"""Gate: one door for window, pause, rate and budget."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from judges.budget import Budget
from judges.running.gate import Gate, Need, Stop
from judges.running.rate import Rate
from judges.running.window import Window
from tests.judges.running.virtual import run_virtually


async def _call(
    gate: Gate, need: Need, latency_s: float, times: list[float], cost: float = 0.0
) -> bool:
    ticket = await gate.enter(need)
    if ticket is None:
        return False
    times.append(asyncio.get_running_loop().time())
    await asyncio.sleep(latency_s)
    gate.leave(ticket, used_tokens=need.tokens, cost=cost, good=True, overload=False)
    return True


async def _calls(gate: Gate, count: int, latency_s: float, tokens: int = 1) -> list[float]:
    times: list[float] = []
    need = Need(tokens)
    await asyncio.gather(*(_call(gate, need, latency_s, times) for _ in range(count)))
    return times


def test_the_window_limits_calls_at_once() -> None:
    times = run_virtually(_calls(Gate(Rate(None, None), Window(4)), 12, 1.0))
    assert times == [0.0] * 4 + [1.0] * 4 + [2.0] * 4


def test_the_rate_is_kept_in_every_minute_and_nearly_used() -> None:
    times = run_virtually(_calls(Gate(Rate(300, None), Window(50)), 1200, 2.0))
    for start in times[::7]:
        assert sum(start <= t < start + 60 for t in times) <= 300
    assert times[-1] <= 240 / 0.97


def test_no_right_to_send_is_hoarded_over_a_pause() -> None:
    """Calls that waited for the end of a pause leave it at the pace of the rate."""

    async def scene() -> list[float]:
        gate = Gate(Rate(60, None), Window(50))
        assert gate.pause(30.0)
        assert not gate.pause(10.0)
        return await _calls(gate, 20, 1.0)

    times = run_virtually(scene())
    assert times[0] == 30.0
    assert all(later - earlier > 0.999 for earlier, later in zip(times, times[1:], strict=False))


def test_a_pause_holds_for_calls_that_wait_already() -> None:
    async def scene() -> list[float]:
        gate = Gate(Rate(None, None), Window(1))
        calls = asyncio.create_task(_calls(gate, 3, 5.0))
        await asyncio.sleep(1.0)
        gate.pause(20.0)
        return await calls

    assert run_virtually(scene()) == [0.0, 21.0, 26.0]


def test_tokens_a_minute_pace_large_calls() -> None:
    times = run_virtually(_calls(Gate(Rate(None, 60_000), Window(50)), 30, 1.0, tokens=5000))
    for start in times:
        assert sum(5000 for t in times if start <= t < start + 60) <= 60_000 + 5000
    assert times[-1] <= 29 * 5 / 0.97


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    async def scene() -> tuple[bool, float, bool]:
        gate = Gate(Rate(None, None), Window(1))
        gate.pause(100.0)
        late = await gate.enter(Need(1), deadline=99.0)
        now = asyncio.get_running_loop().time()
        return late is None, now, await gate.enter(Need(1), deadline=101.0) is not None

    assert run_virtually(scene()) == (True, 0.0, True)


def test_stop_ends_every_wait_and_the_first_reason_stands() -> None:
    async def scene() -> tuple[list[bool], bool, Gate, float]:
        gate = Gate(Rate(1, None), Window(2))
        waiting = [asyncio.create_task(_call(gate, Need(1), 0.0, [])) for _ in range(5)]
        resting = asyncio.create_task(gate.rest(1000.0))
        await asyncio.sleep(1.0)
        gate.stop(Stop("first"))
        gate.stop(Stop("second"))
        done = await asyncio.gather(*waiting)
        return done, await resting, gate, asyncio.get_running_loop().time()

    done, rested, gate, now = run_virtually(scene())
    assert done == [True, False, False, False, False]
    assert not rested
    assert gate.stopped == Stop("first")
    assert now == 1.0


def test_rest_waits() -> None:
    async def scene() -> tuple[bool, float]:
        rested = await Gate(Rate(None, None), Window(1)).rest(7.0)
        return rested, asyncio.get_running_loop().time()

    assert run_virtually(scene()) == (True, 7.0)


@given(
    limit=st.integers(0, 500),
    worst=st.lists(st.integers(1, 100), min_size=1, max_size=30),
    share=st.floats(0.0, 1.0),
    width=st.integers(1, 6),
)
def test_the_budget_is_never_exceeded_and_used_as_far_as_it_can_be(
    limit: int, worst: list[int], share: float, width: int
) -> None:
    """Whatever calls cost up to their worst case; the first refused one would not have fitted."""

    async def scene() -> tuple[Gate, int]:
        spent_or_held = []
        gate = Gate(Rate(None, None), Window(width), budget)
        times: list[float] = []

        async def call(usd: int) -> bool:
            done = await _call(gate, Need(1, float(usd)), 1.0, times, usd * share)
            spent_or_held.append(budget.spent_usd + budget.reserved_usd)
            return done

        done = await asyncio.gather(*map(call, worst))
        assert max(spent_or_held) <= limit + 1e-6
        return gate, sum(done)

    budget = Budget(float(limit))
    gate, sent = run_virtually(scene())
    assert budget.spent_usd <= limit + 1e-6
    assert budget.reserved_usd == 0
    if gate.stopped is None:
        assert sent == len(worst)
    else:
        assert "--max-cost" in gate.stopped.reason
        assert budget.spent_usd + worst[sent] > limit - 1e-6


def test_a_call_the_budget_has_no_room_for_yet_waits_for_cheaper_ends() -> None:
    """Three calls of at most 4 $ each fit into 10 $ one after another, if they cost 1 $."""
    budget = Budget(10.0)

    async def scene() -> list[float]:
        gate = Gate(Rate(None, None), Window(9), budget)
        times: list[float] = []
        await asyncio.gather(*(_call(gate, Need(1, 4.0), 1.0, times, 1.0) for _ in range(5)))
        return times

    assert run_virtually(scene()) == [0.0, 0.0, 1.0, 1.0, 2.0]
    assert budget.spent_usd == 5.0
