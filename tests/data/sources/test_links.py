"""Links: living and dead ones, what is remembered of them, and what may not change."""

from __future__ import annotations

import json
import logging
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError
from harness.core.ids import sha256_bytes
from harness.core.lock import FileLock
from harness.data.sources.fetch import FetchPolicy
from harness.data.sources.links import DEAD, MANIFEST, LinkedImages
from harness.data.sources.store import ImageStore
from tests.data.sources.server import Reply, Site, picture


@pytest.fixture
def links(store: ImageStore, quick: FetchPolicy) -> LinkedImages:
    return LinkedImages("hf:owner/name#url", store, quick)


def manifest(links: LinkedImages) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (links.folder / MANIFEST).read_text().splitlines()]


def drop(links: LinkedImages, url: str) -> None:
    """Delete the line of a link from the manifest, as a user would."""
    lines = (links.folder / MANIFEST).read_text().splitlines(keepends=True)
    (links.folder / MANIFEST).write_text("".join(line for line in lines if url not in line))


def unused(count: int) -> list[str]:
    """Return addresses on this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [f"http://127.0.0.1:{port}/{number}" for number in range(count)]


def test_living_links_become_images(site: Site, links: LinkedImages) -> None:
    data = picture("red", (12, 9))
    url = site.url("/red.png", data)
    (record,) = links.records([url])
    assert record.image_id == sha256_bytes(data)
    assert (record.source, record.width, record.height) == (url, 12, 9)
    assert links.store.get(record.image_id) == data
    assert manifest(links) == [
        {
            "url": url,
            "status": "ok",
            "sha256": sha256_bytes(data),
            "size": len(data),
            "width": 12,
            "height": 9,
            "reason": "",
        }
    ]


def test_dead_links_are_counted_announced_and_listed(
    site: Site, links: LinkedImages, caplog: pytest.LogCaptureFixture
) -> None:
    """With the reason for each; the others stay in their order."""
    urls = [
        site.url("/a.png", picture("red")),
        site.url("/gone.png", Reply(code=404)),
        site.url("/page.png", b"<html>no longer available</html>"),
        site.url("/half.png", picture("red", (40, 40))[:60]),
        site.url("/nothing.png", b""),
        site.url("/silent.png", Reply(picture("red"), delay_s=1)),
        "ftp://example.org/x.png",
        site.url("/once.png", Reply(code=500), picture("green")),
        site.url("/z.png", picture("blue")),
        site.url("/gone2.png", Reply(code=404)),
    ]
    with caplog.at_level(logging.INFO):
        records = links.records(urls)
    assert [record.source for record in records] == [urls[0], urls[7], urls[8]]
    lines = (links.folder / DEAD).read_text().splitlines()
    listed = {url: reason for reason, url in (line.split("\t") for line in lines)}
    assert list(listed) == [urls[1], *urls[2:7], urls[9]]
    assert listed[urls[1]] == "HTTP 404"
    assert listed[urls[2]] == "not an image: not an image of a known kind"
    assert listed[urls[3]].startswith("not an image: ")
    assert listed[urls[4]] == "not an image: the file is empty"
    assert listed[urls[5]] == "timeout"
    assert listed[urls[6]] == "not a web address"
    assert "7 of 10 links are dead and left out (3 not an image, 2 HTTP 404, 1 " in caplog.text
    assert str(links.folder / DEAD) in caplog.text


def test_the_limit_counts_living_images(site: Site, links: LinkedImages) -> None:
    """Dead links and copies are replaced by the next ones; what is behind the last is not asked."""
    urls = [
        site.url("/dead", Reply(code=404)),
        site.url("/red", picture("red")),
        site.url("/copy", picture("red")),
        site.url("/blue", picture("blue")),
        *(site.url(f"/{number}", picture((number, 9, 9))) for number in range(50)),
    ]
    assert [record.source for record in links.records(urls, 2)] == [urls[1], urls[3]]
    assert sum(site.asked.values()) <= 4
    assert [record.source for record in links.records(urls, 12)][:3] == [urls[1], urls[3], urls[4]]
    assert set(site.asked.values()) == {1}
    assert sum(site.asked.values()) < 40


def test_copies_count_once_and_are_told_of(
    site: Site, links: LinkedImages, caplog: pytest.LogCaptureFixture
) -> None:
    urls = [site.url("/a", picture("red")), site.url("/b", picture("red"))]
    with caplog.at_level(logging.INFO):
        assert len(links.records(urls)) == 1
    assert "1 links lead to copies of images and count once" in caplog.text


def test_equal_links_are_asked_once(site: Site, links: LinkedImages) -> None:
    url = site.url("/a", picture("red"))
    assert len(links.records([url] * 20)) == 1
    assert site.asked == {"/a": 1}


def test_nothing_is_asked_twice(
    site: Site, links: LinkedImages, caplog: pytest.LogCaptureFixture
) -> None:
    """The same images come again without a network, dead links stay dead and are told of again."""
    urls = [site.url("/a", picture("red")), site.url("/b", Reply(code=404), picture("blue"))]
    first = links.records(urls)
    asked = site.asked.copy()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert links.records(urls) == first
    assert "1 of 2 links are dead" in caplog.text
    assert site.asked == asked
    drop(links, urls[1])
    assert len(links.records(urls)) == 2
    assert site.asked["/a"] == 1


def test_order_and_result_do_not_depend_on_the_speed(site: Site, links: LinkedImages) -> None:
    """The slowest link comes first if it is the first."""
    urls = [
        site.url("/slow", Reply(picture("red"), delay_s=0.2)),
        *(site.url(f"/{number}", picture((number, 0, 0))) for number in range(6)),
    ]
    assert [record.source for record in links.records(urls)] == urls


def test_what_is_finished_is_not_lost(
    site: Site, links: LinkedImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that breaks off continues after the last finished batch."""
    urls = [site.url(f"/{number}", picture((number, 0, 0))) for number in range(12)]
    put = links.store.put
    broken = sha256_bytes(picture((9, 0, 0)))

    def full(data: bytes) -> str:
        if sha256_bytes(data) == broken:
            raise DataError("cannot write: no space left on device")
        return put(data)

    monkeypatch.setattr(links.store, "put", full)
    with pytest.raises(DataError, match="no space left"):
        links.records(urls)
    assert [line["url"] for line in manifest(links)] == urls[:4]
    monkeypatch.undo()
    assert len(links.records(urls)) == 12
    assert [site.asked[f"/{number}"] for number in range(4)] == [1] * 4


def test_an_image_that_is_gone_is_fetched_again(site: Site, links: LinkedImages) -> None:
    url = site.url("/a", picture("red"))
    (record,) = links.records([url])
    links.store.path(record.image_id).unlink()
    assert links.records([url]) == (record,)
    assert links.store.get(record.image_id) == picture("red")
    assert len(manifest(links)) == 1


def test_a_link_with_another_image_is_an_error(site: Site, links: LinkedImages) -> None:
    """It names the link; nothing of the new image is taken."""
    url = site.url("/a", picture("red"), picture("blue"))
    (record,) = links.records([url])
    links.store.path(record.image_id).unlink()
    with pytest.raises(DataError, match=rf"image {url} was changed: sha256 is .*delete its line"):
        links.records([url])
    drop(links, url)
    assert links.records([url])[0].image_id == sha256_bytes(picture("blue"))


def test_a_lost_image_of_a_link_that_died_is_an_error(site: Site, links: LinkedImages) -> None:
    """Going on without it would be another set of images."""
    url = site.url("/a", picture("red"), Reply(code=410))
    (record,) = links.records([url])
    links.store.path(record.image_id).unlink()
    with pytest.raises(DataError, match=rf"{url} is gone from the cache .*: HTTP 410; put its"):
        links.records([url])


def test_a_changed_file_in_the_store_is_an_error(site: Site, links: LinkedImages) -> None:
    (record,) = links.records([site.url("/a", picture("red"))])
    links.store.path(record.image_id).write_bytes(picture("blue"))
    with pytest.raises(DataError, match="was changed"):
        links.records([record.source])


def test_without_a_network_nothing_is_recorded(
    site: Site, links: LinkedImages, quick: FetchPolicy
) -> None:
    """Links are not dead because we are cut off."""
    with pytest.raises(DataError, match="none of 2 addresses could be reached.*is there a network"):
        links.records(unused(2))
    assert not (links.folder / MANIFEST).exists()
    alive = [site.url(f"/{number}", picture((number, 0, 0))) for number in range(quick.workers)]
    with pytest.raises(DataError, match="could be reached"):
        links.records([*alive, *unused(2 * quick.workers)])
    assert [line["status"] for line in manifest(links)] == ["ok"] * len(alive)


def test_a_host_that_is_gone_is_a_dead_link_where_others_answer(
    site: Site, links: LinkedImages
) -> None:
    alive, gone = site.url("/a", picture("red")), unused(2)
    assert len(links.records([gone[0], alive])) == 1
    assert (links.folder / DEAD).read_text() == f"no connection\t{gone[0]}\n"
    assert len(links.records([alive, gone[1]])) == 1
    assert (links.folder / DEAD).read_text() == f"no connection\t{gone[1]}\n"


def test_sources_without_any_image_are_refused(site: Site, links: LinkedImages) -> None:
    with pytest.raises(DataError, match=r"no image behind 1 links; see .*dead-links\.tsv"):
        links.records([site.url("/a", Reply(code=404))])
    with pytest.raises(DataError, match="no image behind 0 links"):
        links.records([])


def test_two_processes_do_not_download_at_once(links: LinkedImages) -> None:
    links.folder.mkdir(parents=True)
    lock = FileLock(links.folder / "lock", "test")
    with pytest.raises(DataError, match=rf"hf:owner/name#url is in use by process {os.getpid()}"):
        links.records(["http://127.0.0.1/a"])
    lock.release()


def test_a_broken_manifest_is_named(links: LinkedImages) -> None:
    links.folder.mkdir(parents=True)
    (links.folder / MANIFEST).write_text('{"url": "x", "status": "perhaps"}\n')
    with pytest.raises(DataError, match=r"links\.jsonl: not a manifest of links"):
        links.records(["http://127.0.0.1/a"])


def test_each_source_has_its_own_folder(store: ImageStore) -> None:
    """Also if their readable parts are equal."""
    names = ["hf:a/b#url", "hf:a-b#url", "hf:a b#url", "x" * 300, "x" * 301]
    folders = {LinkedImages(name, store).folder for name in names}
    assert len(folders) == len(names)
    assert all(folder.parent == store.folder / "sources" for folder in folders)
    assert all(isinstance(folder, Path) and len(folder.name) < 80 for folder in folders)
