"""What a run records of its reference corpus, and whether it holds captions of the images."""

from __future__ import annotations

from collections.abc import Iterable

from harness.core.ids import digest
from harness.core.records import Record
from harness.data.sources import ImageSource
from lenses.library.corpus import Corpus


class CorpusRecord(Record):
    """The reference corpus of a run and its overlap with captions of the evaluated images."""

    schema_version: int = 1
    """Version of this record's layout."""
    name: str
    """Name or path, with column, revision and split filled in."""
    sha256: str
    """Hash of the sorted phrases."""
    order_sha256: str
    """Hash of the phrases in file order."""
    phrases: int
    """Distinct phrases."""
    read: int
    """Lines, rows or glosses read."""
    empty: int
    """Those skipped because nothing is in them."""
    duplicates: int
    """Those skipped because an equal phrase came before."""
    captions: int | None
    """Distinct captions of the evaluated images; None if an image has no known caption."""
    overlap: int | None
    """Phrases that equal one of these but for case and spaces; None if they are not known."""


def corpus_record(corpus: Corpus, source: ImageSource) -> CorpusRecord:
    """Count ``corpus`` and compare it with the captions of the images of ``source``."""
    captions = image_captions(source)
    return CorpusRecord(
        name=corpus.name,
        sha256=corpus.sha256,
        order_sha256=corpus.order_sha256,
        phrases=len(corpus.lines),
        read=corpus.read,
        empty=corpus.empty,
        duplicates=corpus.duplicates,
        captions=None if captions is None else len(captions),
        overlap=None if captions is None else overlap(corpus.lines, captions),
    )


def counts_digest(corpus: Corpus) -> str:
    """Return the digest of what a spec does not say of a corpus: its order and its counts."""
    return digest([corpus.order_sha256, corpus.read, corpus.empty, corpus.duplicates])


def image_captions(source: ImageSource) -> frozenset[str] | None:
    """Return the folded captions of all images, or None if those of any image are not known."""
    known = [source.captions(record) for record in source.records()]
    if any(captions is None for captions in known):
        return None
    return frozenset(folded(caption) for captions in known for caption in captions or ())


def overlap(lines: Iterable[str], captions: frozenset[str]) -> int:
    """Return how many ``lines`` equal one of the folded ``captions``."""
    return sum(folded(line) in captions for line in lines)


def folded(text: str) -> str:
    """Return ``text`` without differences of case and with single spaces."""
    return " ".join(text.casefold().split())


def summary(record: CorpusRecord) -> str:
    """Return the record as one line for the user."""
    skipped = f"{record.empty:,} empty, {record.duplicates:,} repeated"
    known = (
        "captions of the images are not known"
        if record.overlap is None
        else f"captions of the images among them: {record.overlap:,} (of {record.captions:,})"
    )
    return (
        f"corpus {record.name}: {record.phrases:,} phrases of {record.read:,} lines ({skipped}); "
        f"{known}"
    )


def notice(record: CorpusRecord) -> str | None:
    """Return what a reader of the report must know of the corpus; None if nothing."""
    if record.overlap is None:
        return (
            "These images come without captions, so it is not known whether the reference corpus "
            f"{record.name} holds descriptions of them, which would favour lenses that read it."
        )
    if record.overlap:
        return (
            f"Phrases of the reference corpus {record.name} that are a caption of an evaluated "
            f"image: {record.overlap:,} of {record.phrases:,} (captions compared: "
            f"{record.captions:,}, without regard to case and spaces). This favours lenses that "
            "read it."
        )
    return None
