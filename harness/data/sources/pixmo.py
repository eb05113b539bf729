"""PixMo-Cap (Deitke et al. 2024, arXiv 2409.17146): photographs of the web with long captions.

The hub has one split, train, of links. The validation images of the LatentLens paper (arXiv
2602.00462) are a random 2,048 rows drawn after dead links had been dropped; as links keep dying,
nobody can draw them again. Ours are NOT those: they are the first 2,048 living images in the order
of the sha256 of their addresses, so a dead link is replaced by the next one and changes nothing
else. They are in the training data of models trained on all of PixMo-Cap.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from harness.core.errors import DataError, UsageError
from harness.core.progress import progress
from harness.data.hub import Address, Rows, first_line, open_rows
from harness.data.sources.fetch import FetchPolicy
from harness.data.sources.links import LinkedImages
from harness.data.sources.source import ImageKind
from harness.data.sources.store import ImageStore
from harness.data.sources.stored import StoredSource

FORM: Final = "pixmo-cap[@REVISION] or pixmo-cap:FOLDER"
"""How it is named; the folder holds a copy of the dataset's files."""
KIND: Final = "pixmo-cap"
"""What the name begins with."""
IMAGES: Final = 2048
"""Images of the validation set."""
DATASET_ID: Final = "allenai/pixmo-cap"
"""Where the links and captions are."""

_TEXT: Final = re.compile(r"pixmo-cap(@(?P<revision>[\w./-]+)|:(?P<folder>.+))?")
_COLUMNS: Final = ("image_url", "caption", "transcripts")
_KEY: Final = "lensbench pixmo-cap validation 1"
_BATCH: Final = 1 << 14


def open_pixmo_cap(
    text: str,
    limit: int | None = None,
    store: ImageStore | None = None,
    policy: FetchPolicy | None = None,
) -> StoredSource:
    """Return the validation images of this benchmark with their captions and transcripts.

    Args:
        text: ``pixmo-cap``, perhaps with a branch, tag or commit of the dataset after ``@`` or a
            folder with its files after ``:``.
        limit: Largest number of images; never more than :data:`IMAGES`.
        store: Where images are kept; by default the cache of this machine.
        policy: How patient downloads are.

    Raises:
        UsageError: Not of this form, no such folder, or the ``datasets`` package is not installed.
        DataError: The dataset cannot be fetched or is another one, or see :class:`LinkedImages`.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise UsageError(f"images {text!r}: expected {FORM}")
    folder = match["folder"]
    if folder and not Path(folder).is_dir():
        raise UsageError(f"images {text!r}: no such folder; expected {FORM}")
    address = Address(folder or DATASET_ID, match["revision"] or "", "", "train", "")
    rows = open_rows(text, address, "pixmo-cap:FOLDER")
    batches = progress(_batches(rows, _COLUMNS[:1]), description="links")
    urls = {url for batch in batches for url in batch[0].to_pylist() if url}
    store = store or ImageStore()
    # One manifest for all revisions: a link is dead or changed whatever the dataset's commit is.
    links = LinkedImages(KIND, store, policy)
    records = links.records(validation_order(urls), min(limit or IMAGES, IMAGES))
    captions = _captions(rows, [record.source for record in records])
    name = text if folder else f"{KIND}@{rows.commit}"
    known = {record.image_id: captions[record.source] for record in records}
    return StoredSource(name, store, records, known)


def validation_order(urls: Iterable[str]) -> list[str]:
    """Return ``urls`` by the sha256 of a fixed key and the address."""
    return sorted(urls, key=lambda url: hashlib.sha256(f"{_KEY}\0{url}".encode()).digest())


def _captions(rows: Rows, urls: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return address to its captions and transcripts, over all rows with this address."""
    wanted = pa.array(urls, pa.string())
    found: dict[str, tuple[str, ...]] = dict.fromkeys(urls, ())
    for batch in _batches(rows, _COLUMNS):
        here = pc.is_in(pc.cast(batch[0], pa.string()), value_set=wanted)
        cells = [column.filter(here).to_pylist() for column in batch]
        for url, caption, transcripts in zip(*cells, strict=True):
            found[url] += tuple(filter(None, (caption, *(transcripts or ()))))
    return found


def _batches(rows: Rows, columns: Sequence[str]) -> Iterator[list[pa.ChunkedArray]]:
    """Yield the cells of some columns, many rows at a time; the whole has gigabytes of text."""
    broken: tuple[type[Exception], ...] = (KeyError, *rows.broken)
    try:
        table = rows.table.select_columns(list(columns)).with_format("arrow")
        for batch in table.iter(batch_size=_BATCH):
            yield [batch.column(name) for name in columns]
    except broken as error:
        raise DataError(
            f"{rows.name}: cannot read the columns {', '.join(_COLUMNS)}: {first_line(error)}"
        ) from error


PIXMO_CAP: Final = ImageKind(
    FORM, f"the first {IMAGES:,} living links of PixMo-Cap in a fixed order", open_pixmo_cap
)
"""PixMo-Cap by name."""
