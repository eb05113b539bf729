"""A finished report over HTTP on this machine alone, for browsers that will not open files."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from harness.core.errors import DataError, UsageError

LOOPBACK: Final = "127.0.0.1"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}


class ReportServer(ThreadingHTTPServer):
    """Serves a page as ``/``, and it and the files of its name by their names; nothing else.

    Raises:
        UsageError: There is no such page.
        DataError: The port is taken.
    """

    daemon_threads = True

    def __init__(self, page: Path, port: int = 0) -> None:
        """Listen on ``port``; 0 takes a free one."""
        if not page.is_file():
            raise UsageError(
                f"{page}: no such report; finish the run, or write one by the command report"
            )
        siblings = [page, *(page.with_suffix(suffix) for suffix in (".json", ".csv"))]
        self.files: Mapping[str, Path] = {"/": page} | {f"/{path.name}": path for path in siblings}
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise DataError(f"cannot listen on port {port}: {error.strerror}") from error

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: ReportServer

    def do_GET(self) -> None:  # noqa: N802  (the name http.server asks for)
        """Send a file of the report."""
        path = self.server.files.get(self.path.partition("?")[0])
        # Another site's page must not read the report through a name that it lets point here.
        if self.headers.get("Host") not in self._own_names():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        try:
            content = path.read_bytes() if path is not None else None
        except OSError:
            content = None
        if path is None or content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _TYPES[path.suffix])
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: the terminal shows the address only."""

    def _own_names(self) -> tuple[str, str]:
        port = self.server.server_port
        return f"{LOOPBACK}:{port}", f"localhost:{port}"
