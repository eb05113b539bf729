"""Images behind web addresses: each outcome is recorded once, and dead links are listed."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Literal

import httpx2
from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.files import write_errors, write_text_atomic
from harness.core.ids import digest, sha256_bytes
from harness.core.journal import Journal
from harness.core.lock import FileLock
from harness.core.progress import announce, progress
from harness.core.records import ImageRecord, Record
from harness.data.sources.decode import decode
from harness.data.sources.fetch import Failure, FetchPolicy, fetch, open_client
from harness.data.sources.store import ImageStore

MANIFEST: Final = "links.jsonl"
"""What became of every link tried, one line each, in the order tried."""
DEAD: Final = "dead-links.tsv"
"""The dead ones: reason, tab, address."""

_LARGEST_BATCH: Final = 64


class Link(Record):
    """What became of one web address."""

    url: str
    """The address."""
    status: Literal["ok", "dead"]
    """Whether there is an image behind it."""
    sha256: str = ""
    """Hash of the image's bytes; empty if dead."""
    size: int = 0
    """Its bytes."""
    width: int = 0
    """Its width in pixels, upright."""
    height: int = 0
    """Its height in pixels, upright."""
    reason: str = ""
    """Why it is dead; empty if ok."""


class LinkedImages:
    """Living images among the links of one source.

    What a link gave is written to a manifest before the next ones are tried, so a kill loses no
    more than a batch of downloads. Afterwards neither a living nor a dead link is asked again:
    the same links give the same images for good, also without a network. An image that is gone
    from the store is fetched again and has to be the one recorded.

    Args:
        name: Resolved name of the source; it decides the folder of the manifest.
        store: Where images go; the manifest lies in its subfolder ``sources``.
        policy: How patient downloads are.
    """

    def __init__(self, name: str, store: ImageStore, policy: FetchPolicy | None = None) -> None:
        self.name = name
        self.store = store
        self.policy = policy or FetchPolicy()
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")[:60]
        self.folder = store.folder / "sources" / f"{readable}-{digest(name)[:12]}"
        """Folder of the manifest and of the list of dead links."""

    def records(self, urls: Iterable[str], limit: int | None = None) -> tuple[ImageRecord, ...]:
        """Return the first ``limit`` distinct living images, fetching what is not known yet.

        Which these are depends on the links and on what is behind them, not on the network's
        speed. Dead links before the last image are counted, announced and listed.

        Raises:
            DataError: No link could be reached, no image is living, a link gives another image
                than recorded, a stored image was changed, or another process is downloading.
        """
        with write_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "lock", f"the download of {self.name}")
        try:
            living, dead, copies = self._choose(urls, limit)
        finally:
            lock.release()
        self._report(living, dead, copies)
        return tuple(
            ImageRecord(image_id=link.sha256, source=link.url, width=link.width, height=link.height)
            for link in living
        )

    def _choose(self, urls: Iterable[str], limit: int | None) -> tuple[list[Link], list[Link], int]:
        """Return living links with distinct images, dead links, and the number of copies."""
        living: dict[str, Link] = {}
        dead: list[Link] = []
        copies = 0
        with (
            Journal(self.folder / MANIFEST) as manifest,
            open_client(self.policy) as client,
            ThreadPoolExecutor(self.policy.workers) as pool,
        ):
            outcomes = self._outcomes(_distinct(urls), manifest, client, pool)
            for link in progress(outcomes, description="images", total=limit):
                if link.status == "dead":
                    dead.append(link)
                elif link.sha256 in living:
                    copies += 1
                else:
                    living[link.sha256] = link
                if len(living) == limit:
                    break
        return list(living.values()), dead, copies

    def _outcomes(
        self,
        urls: Iterable[str],
        manifest: Journal,
        client: httpx2.Client,
        pool: ThreadPoolExecutor,
    ) -> Iterator[Link]:
        """Yield what became of each link, in order; new outcomes are recorded batch by batch."""
        known = self._known(manifest)
        for batch in _batches(urls, self.policy.workers):
            found = list(pool.map(partial(self._look, client, known), batch))
            fresh = [outcome for outcome in found if isinstance(outcome, tuple)]
            self._require_network(fresh, known)
            links = [outcome if isinstance(outcome, Link) else _link(*outcome) for outcome in found]
            manifest.append_many(link for link in links if link.url not in known)
            known |= {link.url: link for link in links}
            yield from links

    def _require_network(
        self, fresh: Sequence[tuple[str, Link | Failure]], known: Mapping[str, Link]
    ) -> None:
        """Raise DataError if it is the network that is dead, not the links.

        That is if no server answered for a whole batch, or for any link of the source so far.
        """
        if not fresh or any(not isinstance(found, Failure) or found.reached for _, found in fresh):
            return
        if len(fresh) >= self.policy.workers or all(
            link.status == "dead" for link in known.values()
        ):
            raise DataError(
                f"{self.name}: none of {len(fresh)} addresses could be reached, the first is "
                f"{fresh[0][0]}; is there a network? nothing was recorded of them"
            )

    def _look(
        self, client: httpx2.Client, known: dict[str, Link], url: str
    ) -> Link | tuple[str, Link | Failure]:
        """Return what is recorded of a link, or else the link with what was found behind it."""
        before = known.get(url)
        if before is not None and (
            before.status == "dead" or self.store.get(before.sha256) is not None
        ):
            return before
        data = fetch(client, url, self.policy)
        if before is not None:
            return self._restored(before, data)
        if isinstance(data, Failure):
            return url, data
        try:
            width, height = decode(data, url).size
        except DataError as error:
            # The line begins with the address, which the listing has anyway.
            return url, Failure("not an image: " + str(error).partition(f"{url}: ")[2])
        link = Link(
            url=url,
            status="ok",
            sha256=self.store.put(data),
            size=len(data),
            width=width,
            height=height,
        )
        return url, link

    def _restored(self, before: Link, data: bytes | Failure) -> Link:
        """Put an image back into the store; raises DataError if the link gives another one."""
        if isinstance(data, Failure):
            raise DataError(
                f"image {before.url} is gone from the cache and cannot be fetched again: "
                f"{data.reason}; put its file (sha256 {before.sha256[:12]}) at "
                f"{self.store.path(before.sha256)}, or delete its line from "
                f"{self.folder / MANIFEST} to do without it"
            )
        found = sha256_bytes(data)
        if found != before.sha256:
            raise DataError(
                f"image {before.url} was changed: sha256 is {found[:12]}, expected "
                f"{before.sha256[:12]} as in {self.folder / MANIFEST}; delete its line there to "
                "accept the new one"
            )
        self.store.put(data)
        return before

    def _known(self, manifest: Journal) -> dict[str, Link]:
        try:
            links = [Link.model_validate(row) for row in manifest.records()]
        except ValidationError as error:
            raise DataError(
                f"{manifest.path}: not a manifest of links ({error.errors()[0]['msg']}); delete it "
                "and run the same command again"
            ) from error
        return {link.url: link for link in links}

    def _report(self, living: Sequence[Link], dead: Sequence[Link], copies: int) -> None:
        listing = self.folder / DEAD
        write_text_atomic(listing, "".join(f"{link.reason}\t{link.url}\n" for link in dead))
        if dead:
            counts = Counter(link.reason.partition(":")[0] for link in dead)
            reasons = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
            announce(
                f"{self.name}: {len(dead)} of {len(dead) + len(living) + copies} links are dead "
                f"and left out ({reasons}), listed in {listing}; delete their lines from "
                f"{self.folder / MANIFEST} to try them again"
            )
        if copies:
            announce(f"{self.name}: {copies} links lead to copies of images and count once")
        if not living:
            raise DataError(f"{self.name}: no image behind {len(dead)} links; see {listing}")


def _link(url: str, outcome: Link | Failure) -> Link:
    if isinstance(outcome, Link):
        return outcome
    return Link(url=url, status="dead", reason=outcome.reason)


def _batches(urls: Iterable[str], workers: int) -> Iterator[list[str]]:
    """Yield small batches first, so that a small limit fetches little more than it needs."""
    remaining, size = iter(urls), workers
    while batch := list(itertools.islice(remaining, size)):
        yield batch
        size = min(_LARGEST_BATCH, 2 * size)


def _distinct(urls: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for url in urls:
        if url not in seen:
            seen.add(url)
            yield url
