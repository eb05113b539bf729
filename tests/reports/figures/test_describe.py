from __future__ import annotations

from reports.figures.describe import dots_text, heat_text, lines_text, stack_text
from reports.figures.records import Line
from tests.reports.figures.made_up import chart, dots, heat, layers, line, stack


def test_few_values_are_read_out_one_by_one() -> None:
    said = lines_text(layers())
    assert said.startswith("share of patches by visual layer. latent: visual layer 0 0.500 [")
    assert said.endswith("nearly the same vector as layer 0: 0, 1.")
    assert heat_text(heat()).endswith("0: 0 0.100, 2 0.350; 4: 0 0.000, 2 0.250, 8 0.400.")
    assert "concrete: latent 0 0.500, latent 4 0.400, logit 0 0.100;" in stack_text(stack())
    assert "latent: 0.550 [0.520, 0.580], 0.680; logit" in dots_text(dots())


def test_of_many_values_the_ends_and_the_extremes_are_read_out() -> None:
    values = dict.fromkeys(range(70), 0.5) | {11: 0.9, 33: 0.1}
    said = lines_text(chart(line("latent", "lens-0", values)))
    assert "first 0.500 at 0, lowest 0.100 at 33, highest 0.900 at 11, last 0.500 at 69" in said
    row = tuple(0.9 if i == 40 else 0.1 for i in range(70))
    wide = heat(columns=tuple(str(i) for i in range(70)), rows=("5",), values=(row,))
    assert "5: highest 0.900 at 40" in heat_text(wide)
    part = stack().parts[0].model_copy(update={"values": row})
    bars = stack(bars=wide.columns, groups=(), parts=(part,))
    assert "concrete: from 0.100 at 0 to 0.900 at 40" in stack_text(bars)


def test_what_has_no_value_is_named() -> None:
    assert "logit: nothing to show" in lines_text(chart(Line(name="logit", style="a", marks=())))
    assert "random-vector: nothing to show" in dots_text(dots())
    assert "0: nothing to show" in heat_text(heat(rows=("0",), values=((None,) * 3,)))
