"""A socket to serve on, or one line that says why there can be none."""

from __future__ import annotations

import socket
from typing import Any, Final

from harness.core.errors import UsageError

_LAST_PORT: Final = 65535


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; connections wait in it until they are served.

    Raises:
        UsageError: The address is none of this machine, or the port is taken or not allowed.
    """
    if not 0 <= port <= _LAST_PORT:
        raise UsageError(f"--port {port}: expected a port from 0 to {_LAST_PORT}; 0 takes any")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"--host {host!r}: {error}; expected an address of this machine, such as 127.0.0.1"
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen()
    except OSError as error:
        listener.close()
        raise UsageError(f"--host {host} --port {port}: {_reason(error, place, family)}") from error
    return listener


def _reason(error: OSError, place: tuple[Any, ...], family: int) -> str:
    """Say why an address cannot be listened on, and which port could be taken instead."""
    text = (error.strerror or str(error)).lower()
    try:
        with socket.create_server((place[0], 0), family=family) as free:
            return f"{text}; port {free.getsockname()[1]} is free, and --port 0 takes any"
    except OSError:
        return f"{text}; expected an address of this machine, such as 127.0.0.1"
