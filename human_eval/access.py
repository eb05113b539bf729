"""Which addresses are this machine's own, and which requests come from our own pages."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})
"""Addresses that stand for all of this machine's; nobody can open a page at them."""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be reached from this machine.

    ``localhost`` and the addresses 127.0.0.0/8 and ::1 can; every other name counts as reachable.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_host(header: str) -> bool:
    """Tell whether a ``Host`` header names this machine as only itself can reach it.

    A page elsewhere may have its own name resolve to 127.0.0.1 to reach a local server; its
    requests then carry that name.
    """
    return is_loopback(_host_name(f"//{header}"))


def is_own_origin(origin: str, host_header: str) -> bool:
    """Tell whether an ``Origin`` header names the very server of the ``Host`` header."""
    return origin.lower() == f"http://{host_header.lower()}"


def address(host: str, port: int) -> str:
    """Return the address of a server as a browser takes it, without a final slash."""
    name = socket.gethostname() if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
