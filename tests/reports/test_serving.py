"""A report over loopback: its own files, nothing else, and to nobody else's name."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from reports.serving import LOOPBACK, ReportServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReportServer]:
    (tmp_path / "report.html").write_text("<!doctype html>page", encoding="utf-8")
    (tmp_path / "report.csv").write_text("model\n", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("mine", encoding="utf-8")
    with ReportServer(tmp_path / "report.html") as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def asked(server: ReportServer, path: str, host: str | None = None) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=10)
    headers = {"Host": host} if host else {}
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    return reply.status, reply.getheader("Content-Type", ""), reply.read()


def test_the_page_and_its_files_are_served(server: ReportServer) -> None:
    assert asked(server, "/") == (200, "text/html; charset=utf-8", b"<!doctype html>page")
    assert asked(server, "/report.html")[0] == 200
    assert asked(server, "/report.csv?x=1") == (200, "text/csv; charset=utf-8", b"model\n")


@pytest.mark.parametrize("path", ["/secret.txt", "/../secret.txt", "/report.json", "/etc"])
def test_nothing_else_is_served(server: ReportServer, path: str) -> None:
    assert asked(server, path)[0] == 404


def test_another_name_for_this_machine_gets_nothing(server: ReportServer) -> None:
    assert asked(server, "/", host="evil.example")[0] == 421
    assert asked(server, "/", host=f"localhost:{server.server_port}")[0] == 200


def test_a_missing_page_and_a_taken_port_are_named(server: ReportServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.html: no such report"):
        ReportServer(tmp_path / "none.html")
    with pytest.raises(DataError, match=f"port {server.server_port}"):
        ReportServer(tmp_path / "report.html", server.server_port)
