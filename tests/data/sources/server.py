"""A web server on this machine that misbehaves as told, for tests of downloads."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image


def picture(colour: str | tuple[int, int, int], size: tuple[int, int] = (8, 6)) -> bytes:
    """Return a PNG file of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Reply:
    """What the server answers to one request."""

    body: bytes = b""
    """Content."""
    code: int = 200
    """Status."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers; ``Content-Length`` is the body's unless given."""
    delay_s: float = 0.0
    """Silence before the answer, in seconds."""


class Site:
    """Replies by path; of several, the last one is repeated."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.replies: dict[str, list[Reply]] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.times: list[float] = []

    def url(self, path: str, *replies: Reply | bytes) -> str:
        """Return the address of ``path``, which from now on gives ``replies``."""
        self.replies[path] = [
            reply if isinstance(reply, Reply) else Reply(reply) for reply in replies
        ]
        return self.base + path

    def reply(self, path: str) -> Reply:
        """Return the next reply and count the request."""
        self.times.append(time.monotonic())
        number = self.asked[path]
        self.asked[path] += 1
        known = self.replies.get(path)
        return known[min(number, len(known) - 1)] if known else Reply(code=404)


@contextmanager
def running() -> Iterator[Site]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            site.agents.add(self.headers.get("User-Agent", ""))
            reply = site.reply(self.path)
            time.sleep(reply.delay_s)
            self.send_response(reply.code)
            for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
