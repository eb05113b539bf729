from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from harness.core.errors import DataError, UsageError
from lenses.library.foreign.hub import layer_cache, locate

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "metadata.json": b'{"layers": [1, 2]}',
    "layer_1/embeddings_cache.pt": b"one",
    "layer_2/embeddings_cache.pt": b"two",
    "README.md": b"not wanted",
}
asked: list[str] = []


class Hub(BaseHTTPRequestHandler):
    """Two answers of the Hugging Face hub: the files of a commit, and one file of it."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        asked.append(path)
        name = path.removeprefix(f"owner/name/resolve/{COMMIT}/")
        if path == f"api/models/owner/name/tree/{COMMIT}":
            listed = [
                {"type": "file", "path": name, "size": len(data), "oid": f"{len(data):040x}"}
                for name, data in FILES.items()
            ]
            self._answer(json.dumps(listed).encode(), {"Content-Type": "application/json"})
        elif name in FILES:
            self._answer(FILES[name], {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT})
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RevisionNotFound")
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""

    def _answer(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a repository on this machine and return the folder of the cache."""
    asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        constants = huggingface_hub.constants
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        files = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        yield tmp_path / "hub"
        server.shutdown()
        thread.join()


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert locate(tmp_path, None, None) == tmp_path
    with pytest.raises(UsageError, match="is a folder and has no revisions"):
        locate(tmp_path, COMMIT, None)


@pytest.mark.parametrize("revision", [None, "main", "0123456", COMMIT.upper(), COMMIT + "0"])
def test_a_repository_needs_a_full_commit(revision: str | None) -> None:
    with pytest.raises(UsageError, match=r"expected the full commit, 40 hexadecimal digits"):
        locate("owner/name", revision, None)


@pytest.mark.parametrize("source", ["missing", "a/b/c", "/nowhere/at/all"])
def test_another_source_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="no such folder, and not a Hugging Face id"):
        locate(source, COMMIT, None)


def test_the_wanted_files_of_the_commit_are_downloaded_once(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = locate("owner/name", COMMIT, None)
    assert folder.is_relative_to(hub)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == set(FILES) - {"README.md"}
    assert layer_cache(folder, 2).read_bytes() == b"two"
    # Without a connection the copy in the cache serves.
    asked.clear()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert locate("owner/name", COMMIT, None) == folder
    assert asked == []


def test_only_the_layers_asked_for_are_downloaded(hub: Path) -> None:
    folder = locate("owner/name", COMMIT, [2])
    assert not layer_cache(folder, 1).exists()
    assert layer_cache(folder, 2).read_bytes() == b"two"


def test_an_unknown_commit_is_one_clear_line(hub: Path) -> None:
    with pytest.raises(DataError, match="cannot download owner/name at ffffffffffff: ") as caught:
        locate("owner/name", "f" * 40, None)
    assert "\n" not in str(caught.value)


def test_nothing_in_the_cache_and_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="cannot download owner/name at 0123456789ab: "):
        locate("owner/name", COMMIT, None)
