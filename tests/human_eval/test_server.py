from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.types import Message

from harness.core.errors import MismatchError, UsageError
from human_eval.listening import listening
from human_eval.server import BODY_LIMIT, make_app, serve
from human_eval.store import STORE_FILE, Store
from human_eval.study import PICTURES, Study, picture_names
from human_eval.tokens import TOKENS_FILE, study_tokens
from tests.human_eval.a_study import ANNOTATORS, SECRET_LAYER, SECRET_WEIGHT, a_study, written_study
from tests.human_eval.serving import links, started

HERE = "http://127.0.0.1:8000"
FIVE = ("none", "concrete", "none", "abstract", "global")


class Site:
    """A study on the disk, its store, and clients of applications that serve it."""

    def __init__(self, folder: Path, study: Study | None = None) -> None:
        self.folder = folder
        self.study = written_study(folder, study)
        self.store = Store(folder / STORE_FILE, self.study)
        self.tokens = study_tokens(folder, self.study.assignments)
        self.item = self.study.items[0]

    def client(self, *, tokens: bool = False, base: str = HERE) -> TestClient:
        known = self.tokens if tokens else None
        app = make_app(self.study, self.folder, self.store, known)
        return TestClient(app, base_url=base, follow_redirects=False)

    def rating(self, **changed: Any) -> dict[str, Any]:
        return {
            "item_id": self.item.item_id,
            "state": "selected",
            "relations": list(FIVE),
            "seconds": 3.5,
            "at": "2026-01-02T03:04:05.678Z",
            "session": "s1",
        } | changed


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "study")
    yield made
    made.store.close()


def test_without_tokens_the_first_page_links_everyone(site: Site) -> None:
    page = site.client().get("/")
    assert page.status_code == 200
    assert re.findall(r'href="([^"]+)"', page.text) == ["/a/ada", "/a/ben", "/a/cyd"]


def test_with_tokens_the_first_page_names_nobody(site: Site) -> None:
    page = site.client(tokens=True).get("/")
    assert page.status_code == 200
    assert "href" not in page.text
    assert not any(name in page.text for name in (*ANNOTATORS, *site.tokens.values()))


def test_the_page_asks_the_persons_items_in_the_persons_order(site: Site) -> None:
    page = site.client().get("/a/ben").text
    places = [page.index(item) for item in site.study.assignments["ben"]]
    assert places == sorted(places)
    assert '"/a/ben/ratings"' in page
    assert "/pictures/p000-boxed.png" in page


def test_a_saved_rating_is_stored_and_shown_again(site: Site) -> None:
    client = site.client()
    reply = client.post("/a/ada/ratings", json=site.rating())
    assert reply.status_code == 200, reply.text
    (rating,) = site.store.latest("ada")
    assert (rating.item_id, rating.relations) == (site.item.item_id, FIVE)
    assert (rating.seconds, rating.session) == (3.5, "s1")
    assert rating.at == "2026-01-02T03:04:05.678Z"
    assert '"session":"s1"' in client.get("/a/ada").text
    assert '"session":"s1"' not in client.get("/a/ben").text


def test_undo_takes_the_rating_back_and_keeps_the_history(site: Site) -> None:
    client = site.client()
    client.post("/a/ada/ratings", json=site.rating())
    gone = client.post("/a/ada/ratings", json=site.rating(state="withdrawn", relations=[]))
    assert gone.status_code == 200
    assert site.store.latest("ada") == ()
    assert len(site.store.history()) == 2
    assert client.get("/a/ada/progress.json").json() == {"done": 0, "total": 6}


def test_two_browsers_of_one_person_lose_nothing(site: Site) -> None:
    first, second = site.client(), site.client()
    first.post("/a/ada/ratings", json=site.rating(session="first"))
    second.post(
        "/a/ada/ratings", json=site.rating(session="second", state="cant_tell", relations=[])
    )
    other = site.study.items[1].item_id
    first.post("/a/ada/ratings", json=site.rating(session="first", item_id=other))
    assert [rating.session for rating in site.store.latest("ada")] == ["second", "first"]
    assert [event.session for event in site.store.history()] == ["first", "second", "first"]


def test_progress_counts_items_that_are_answered(site: Site) -> None:
    client = site.client()
    for _ in range(2):
        client.post("/a/ada/ratings", json=site.rating())
    assert client.get("/a/ada/progress.json").json() == {"done": 1, "total": 6}
    assert client.get("/a/ben/progress.json").json() == {"done": 0, "total": 6}


def test_the_export_holds_ones_own_standing_ratings(site: Site) -> None:
    client = site.client()
    client.post("/a/ada/ratings", json=site.rating(state="cant_tell", relations=[]))
    client.post("/a/ada/ratings", json=site.rating())
    client.post("/a/ben/ratings", json=site.rating(session="bens"))
    export = client.get("/a/ada/export.jsonl")
    assert "ratings-ada.jsonl" in export.headers["content-disposition"]
    head, line = (json.loads(text) for text in export.text.splitlines())
    assert head == {
        "format": "lensbench-ratings",
        "version": 1,
        "study": site.study.study_id,
        "annotator": "ada",
        "ratings": 1,
    }
    assert line == site.rating(annotator="ada")


BAD: list[dict[str, Any]] = [
    {"state": "blank", "relations": []},
    {"state": "none"},
    {"relations": ["concrete"]},
    {"relations": ["vague"] * 5},
    {"relations": ["none"] * 5},
    {"item_id": "elsewhere"},
    {"seconds": -1},
    {"session": "<script>"},
    {"annotator": "ben"},
]


@pytest.mark.parametrize("changed", BAD)
def test_a_bad_rating_is_refused_in_one_line_and_not_stored(
    site: Site, changed: dict[str, Any]
) -> None:
    reply = site.client().post("/a/ada/ratings", json=site.rating(**changed))
    assert reply.status_code == 400
    assert reply.text.count("\n") == 1
    assert len(reply.text) < 300
    assert site.store.history() == ()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 2000])
def test_a_body_that_is_no_rating_is_refused(site: Site, body: bytes) -> None:
    reply = site.client().post(
        "/a/ada/ratings", content=body, headers={"content-type": "application/json"}
    )
    assert reply.status_code == 400
    assert reply.text.count("\n") == 1


def test_a_long_body_is_refused_unread(site: Site) -> None:
    body = json.dumps(site.rating()).encode()
    for size, status in [(BODY_LIMIT, 200), (BODY_LIMIT + 1, 413)]:
        reply = site.client().post(
            "/a/ada/ratings",
            content=body + b" " * (size - len(body)),
            headers={"content-type": "application/json"},
        )
        assert reply.status_code == status
    assert len(site.store.history()) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": ""}, 415),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9000"}, 403),
        ({"origin": "http://localhost:8000"}, 403),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"host": "192.168.1.5:8000"}, 403),
        ({"origin": HERE}, 200),
        ({"host": "localhost:9000", "origin": "http://localhost:9000"}, 200),
        ({"content-type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_other_web_pages_cannot_save_ratings(
    site: Site, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json"} | headers
    body = json.dumps(site.rating())
    reply = site.client().post("/a/ada/ratings", content=body, headers=sent)
    assert reply.status_code == status, reply.text
    assert len(site.store.history()) == (status == 200)


@pytest.mark.parametrize("path", ["/", "/a/ada", "/a/ada/export.jsonl", "/pictures/p000-crop.png"])
def test_a_rebound_host_name_reads_nothing(site: Site, path: str) -> None:
    client = site.client()
    assert client.get(path).status_code == 200
    reply = client.get(path, headers={"host": "evil.example:8000"})
    assert reply.status_code == 403
    assert "ada" not in reply.text


PATHS = ["", "/export.jsonl", "/progress.json"]


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_annotator_is_told_so_in_one_line(site: Site, path: str) -> None:
    reply = site.client().get(f"/a/<b>eve{path}")
    assert reply.status_code == 404
    assert reply.text == "no annotator of that name in this study\n"
    posted = site.client().post("/a/eve/ratings", json=site.rating())
    assert posted.status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_with_tokens_nothing_is_shown_without_the_right_one(site: Site, path: str) -> None:
    client = site.client(tokens=True, base="http://lab.example.org:8000")
    right, bens = site.tokens["ada"], site.tokens["ben"]
    refusals = {
        (reply.status_code, reply.text)
        for reply in (
            client.get(f"/a/ada{path}"),
            client.get(f"/a/ada{path}?token="),
            client.get(f"/a/ada{path}?token={right[:-1]}"),
            client.get(f"/a/ada{path}?token={bens}"),
            client.get(f"/a/eve{path}?token={right}"),
            client.get(f"/a/eve{path}"),
            client.get(f"/a/ada{path}?token=%ff%00"),
            client.get(f"/a/ada{path}", headers={"authorization": f"Basic {right}"}),
        )
    }
    assert len(refusals) == 1
    assert refusals.pop()[0] == 403
    assert client.get(f"/a/ada{path}?token={right}").status_code == 200
    header = {"authorization": f"Bearer {right}"}
    assert client.get(f"/a/ada{path}", headers=header).status_code == 200


def test_with_tokens_ratings_are_taken_from_their_owner_only(site: Site) -> None:
    client = site.client(tokens=True, base="http://lab.example.org:8000")
    for token in ("", "?token=", f"?token={site.tokens['ben']}"):
        assert client.post(f"/a/ada/ratings{token}", json=site.rating()).status_code == 403
    assert site.store.history() == ()
    page = client.get(f"/a/ada?token={site.tokens['ada']}").text
    (save,) = re.findall(r'"save":"([^"]+)"', page)
    assert client.post(save, json=site.rating()).status_code == 200
    assert len(site.store.history()) == 1
    assert not any(site.tokens[name] in page for name in ("ben", "cyd"))


def test_pictures_are_those_of_the_study(site: Site) -> None:
    client = site.client()
    for item in site.study.items:
        for name in picture_names(item.patch_id):
            reply = client.get(f"/pictures/{name}")
            assert reply.headers["content-type"] == "image/png"
            assert reply.content == (site.folder / PICTURES / name).read_bytes()


def test_with_tokens_pictures_need_one(site: Site) -> None:
    client = site.client(tokens=True)
    token = site.tokens["ada"]
    page = client.get(f"/a/ada?token={token}").text
    (boxed,) = re.findall(r'"boxed":"([^"]+p000-boxed.png)"', page)
    assert client.get(boxed).status_code == 200
    assert client.get(f"/pictures/p000-boxed.png?token={token}").status_code == 200
    for path in ("/pictures/p000-boxed.png", "/pictures/wrong/p000-boxed.png", "/pictures//x"):
        assert client.get(path).status_code in (403, 404)
        assert client.get(path).content[:4] != b"\x89PNG"


@pytest.mark.parametrize(
    "name",
    [
        "../study.json",
        "..%2fstudy.json",
        "%2e%2e/study.json",
        "..%2f..%2fstudy%2ftokens.json",
        "../tokens.json",
        "%2fetc%2fpasswd",
        "..\\study.json",
        "p000-boxed.png%00",
        "notes.txt",
        "",
        ".",
        "..",
        "x/../../tokens.json",
    ],
)
def test_nothing_but_pictures_of_the_study_leaves_the_folder(site: Site, name: str) -> None:
    (site.folder / PICTURES / "notes.txt").write_text("not of the study")
    for path in (f"/pictures/{name}", f"/pictures/x/{name}"):
        reply = _raw_get(site, path)
        assert reply[0] in (307, 403, 404)
        assert b"item" not in reply[1]
        assert b"not of the study" not in reply[1]


def test_a_missing_picture_is_no_crash(site: Site) -> None:
    (site.folder / PICTURES / "p000-crop.png").unlink()
    assert site.client().get("/pictures/p000-crop.png").status_code == 404


def test_nothing_tells_lens_layer_verdict_or_others_answers(site: Site) -> None:
    site.client().post("/a/ben/ratings", json=site.rating(session="SECRET-BEN"))
    client = site.client()
    client.post("/a/ada/ratings", json=site.rating())
    answers = [
        client.get(path)
        for path in ("/", "/a/ada", "/a/ada/export.jsonl", "/a/ada/progress.json", "/a/eve", "/no")
    ]
    answers += [
        client.post("/a/ada/ratings", json=site.rating(**changed)) for changed in [*BAD, {}]
    ]
    for reply in answers:
        everything = reply.text + str(dict(reply.headers))
        assert "SECRET" not in everything
        assert str(SECRET_LAYER) not in everything
        assert str(SECRET_WEIGHT) not in everything


def test_every_answer_carries_the_strict_headers(site: Site) -> None:
    client = site.client()
    rated = client.post("/a/ada/ratings", json=site.rating())
    replies = [rated, client.post("/a/ada", content=b""), client.get("/", headers={"host": "x"})]
    paths = ("/", "/a/ada", "/a/ada/export.jsonl", "/pictures/p000-crop.png", "/healthz", "/no")
    replies += [client.get(path) for path in (*paths, "/favicon.ico")]
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["x-frame-options"] == "DENY"
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert "access-control-allow-origin" not in reply.headers
        if not reply.headers.get("content-type", "").startswith("image/"):
            assert reply.headers["cache-control"] == "no-store"


def test_only_the_pages_own_script_may_run(site: Site) -> None:
    page = site.client().get("/a/ada")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'sha256-{hashed}'"
    assert policy["connect-src"] == "'self'"
    assert "script-src" not in site.client().get("/").headers["content-security-policy"]


def test_small_answers(site: Site) -> None:
    client = site.client()
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/favicon.ico").status_code == 204
    assert client.get("/docs").status_code == 404
    assert client.get("/a/ada/ratings").status_code == 405
    assert client.delete("/a/ada").status_code == 405


def test_a_store_that_fails_is_told_without_paths_and_the_server_lives(site: Site) -> None:
    client = site.client()
    site.store.close()
    reply = client.post("/a/ada/ratings", json=site.rating())
    assert reply.status_code == 503
    assert str(site.folder) not in reply.text
    assert client.get("/healthz").status_code == 200


def test_three_people_at_once_through_a_real_server(tmp_path: Path) -> None:
    site = Site(tmp_path / "study", a_study(items=30))
    start = threading.Barrier(len(ANNOTATORS))

    def rate(port: int, annotator: str) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        start.wait()
        for number, item in enumerate(site.study.assignments[annotator]):
            relations = _relations(annotator, number)
            body = json.dumps(site.rating(item_id=item, relations=relations, session=annotator))
            connection.request(
                "POST", f"/a/{annotator}/ratings", body, {"Content-Type": "application/json"}
            )
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
        connection.close()

    with _serving(site) as port, ThreadPoolExecutor(len(ANNOTATORS)) as pool:
        for job in [pool.submit(rate, port, name) for name in ANNOTATORS]:
            job.result()
    assert len(site.store.ratings()) == len(site.store.history()) == 90
    for annotator in ANNOTATORS:
        found = {rating.item_id: list(rating.relations) for rating in site.store.latest(annotator)}
        asked = enumerate(site.study.assignments[annotator])
        assert found == {item: _relations(annotator, number) for number, item in asked}
    site.store.close()


def test_serving_announces_links_and_ends_well_on_interrupt(tmp_path: Path) -> None:
    written_study(tmp_path)
    server = started(tmp_path)
    told = links(server, len(ANNOTATORS))
    (port,) = {urlsplit(link).port for link in told.values()}
    assert told == {name: f"http://127.0.0.1:{port}/a/{name}" for name in ANNOTATORS}
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/a/ada")
    assert connection.getresponse().status == 200
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert (server.returncode, out) == (0, "ended\n")
    assert "Traceback" not in err
    assert not (tmp_path / TOKENS_FILE).exists()


def test_on_other_addresses_links_carry_tokens_that_stay(tmp_path: Path) -> None:
    written_study(tmp_path)
    seen = []
    for _ in range(2):
        server = started(tmp_path, "0.0.0.0")
        told = links(server, len(ANNOTATORS))
        (port,) = {urlsplit(link).port for link in told.values()}
        queries = {name: urlsplit(link).query for name, link in told.items()}
        seen.append(queries)
        for path, status in [("", 403), (f"?{queries['ada']}", 200)]:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", f"/a/ada{path}")
            assert connection.getresponse().status == status
            connection.close()
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
    assert seen[0] == seen[1]
    assert all(query.startswith("token=") for query in seen[0].values())
    assert len(set(seen[0].values())) == len(ANNOTATORS)


def test_the_other_ip_version_is_served_too() -> None:
    with listening("::1", 0) as listener:
        port = listener.getsockname()[1]
        assert listener.family == socket.AF_INET6
        with pytest.raises(UsageError, match=rf"--port {port}: .*in use; port \d+ is free"):
            listening("::1", port)


def test_a_taken_port_is_named_with_one_that_is_free(tmp_path: Path) -> None:
    study = written_study(tmp_path)
    with listening("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            UsageError, match=rf"--port {port}: .*in use; port \d+ is free"
        ) as caught:
            serve(study, tmp_path, port=port, announce_links=lambda line: None)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / STORE_FILE).exists()


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host", "a" * 70, "x..y"])
def test_an_address_of_another_machine_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if host == "no.such.host":
        monkeypatch.setattr(socket, "getaddrinfo", _unresolved)
    with pytest.raises(UsageError, match=f"--host .*{host}.*expected an address of this") as caught:
        listening(host, 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("port", [-1, 65536, 1 << 40])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match=rf"--port {port}: expected a port from 0 to 65535"):
        listening("127.0.0.1", port)


def test_ratings_of_another_study_are_not_added_to(tmp_path: Path) -> None:
    Store(tmp_path / STORE_FILE, a_study(items=3)).close()
    study = written_study(tmp_path)
    with pytest.raises(MismatchError, match="answers to study"):
        serve(study, tmp_path, port=0, announce_links=lambda line: None)


def _relations(annotator: str, number: int) -> list[str]:
    fits = ("concrete", "abstract", "global")[ANNOTATORS.index(annotator)]
    return [fits if place == number % 5 else "none" for place in range(5)]


def _unresolved(*_: object, **__: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


@contextmanager
def _serving(site: Site) -> Iterator[int]:
    """Serve a site on loopback in a thread and yield the port."""
    app = make_app(site.study, site.folder, site.store, None)
    with listening("127.0.0.1", 0) as listener:
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def _raw_get(site: Site, path: str) -> tuple[int, bytes]:
    """Ask the application for a path as it stands, which a client would tidy up first."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8000")],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(make_app(site.study, site.folder, site.store, None)(scope, receive, send))
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])
