from __future__ import annotations

import pytest

from human_eval.access import address, is_loopback, is_own_host, is_own_origin


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_addresses_of_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "192.168.1.7",
        "example.org",
        "localhost.example.org",
        "128.0.0.1",
    ],
)
def test_addresses_that_others_may_reach(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "header", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "127.1.2.3"]
)
def test_a_host_header_of_this_machine(header: str) -> None:
    assert is_own_host(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "evil.example#@127.0.0.1",
        "evil.example/127.0.0.1",
        "[::1",
        "0.0.0.0:8000",
    ],
)
def test_a_host_header_that_a_rebound_name_would_carry(header: str) -> None:
    assert not is_own_host(header)


def test_the_origin_must_be_the_very_server() -> None:
    assert is_own_origin("http://127.0.0.1:8000", "127.0.0.1:8000")
    assert is_own_origin("http://localhost:9000", "LOCALHOST:9000")
    for other in ("null", "http://127.0.0.1:8001", "http://evil.example", "http://localhost:8000"):
        assert not is_own_origin(other, "127.0.0.1:8000")


def test_an_address_can_be_opened_in_a_browser() -> None:
    assert address("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert address("::1", 8000) == "http://[::1]:8000"
    for everywhere in ("0.0.0.0", "::"):
        assert "0.0.0.0" not in address(everywhere, 8000)
        assert "::" not in address(everywhere, 8000)
