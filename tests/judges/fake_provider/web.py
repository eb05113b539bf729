"""A small HTTP/1.1 server on the loopback interface, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a client sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What it gets."""

    status: int
    payload: Any = None
    """JSON data, or bytes to be sent as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    """Close the connection without a reply, or in the middle of it if there is a payload."""
    seconds_per_byte: float = 0.0
    """Pause after every byte of the body, so that it trickles."""

    def content(self) -> bytes:
        if isinstance(self.payload, bytes):
            return self.payload
        return json.dumps(self.payload).encode()


Handler = Callable[[HttpRequest], Awaitable[HttpReply]]


class WebServer:
    """Serves ``handler`` until closed; a context manager. ``port`` 0 takes a free one."""

    def __init__(self, handler: Handler, *, port: int = 0) -> None:
        self._handler = handler
        self._wanted = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="fake-provider", daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def join(self) -> None:
        """Serve until the process is ended; SIGINT reaches the main thread in between."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        open_now: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            open_now.add(task)
            try:
                await self._converse(reader, writer)
            finally:
                open_now.discard(task)

        try:
            server = await asyncio.start_server(
                connected, "127.0.0.1", self._wanted, limit=1 << 20, backlog=512
            )
        except OSError as error:
            self._failure = error
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        closed = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*closed):
            while (request := await _read(reader)) is not None:
                reply = await self._handler(request)
                if not await _write(writer, reply):
                    break
        writer.close()


async def _read(reader: asyncio.StreamReader) -> HttpRequest | None:
    """Return the next request of a connection; None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(min(int(headers.get("content-length", 0)), MOST_BYTES))
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return HttpRequest(method, parts.path, query, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a body sent in chunks."""
    chunks = []
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
        if not size:
            return b"".join(chunks)


async def _write(writer: asyncio.StreamWriter, reply: HttpReply) -> bool:
    """Send a reply; return whether the connection stays open."""
    if reply.drop and reply.payload is None:
        return False
    content = reply.content()
    headers = {"content-type": "application/json", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} -", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if reply.drop:
        writer.write(head + content[: len(content) // 2])
        await writer.drain()
        return False
    if reply.seconds_per_byte:
        writer.write(head)
        for position in range(len(content)):
            writer.write(content[position : position + 1])
            await writer.drain()
            await asyncio.sleep(reply.seconds_per_byte)
        return True
    writer.write(head + content)
    await writer.drain()
    return True
