"""A study as a folder that needs no server: one page per annotator, pictures, and a note."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.core.errors import DataError
from harness.core.files import write_bytes_atomic, write_text_atomic
from human_eval.payload import page_payload, render_page
from human_eval.pseudonyms import check_pseudonyms
from human_eval.study import PICTURES, Study, picture_names

README: Final = "README.txt"
"""Note for the people who get the folder."""


_NOTE: Final = """\
Annotation, study {study}

How to answer
  1. Open the page with your name in a browser ({pages}). No network is needed; the folder
     "{pictures}" has to stay beside it.
  2. Answer the items. Every answer is kept in this browser on this computer at once: close the page
     and open it again, in the same browser and from the same place, to go on where you stopped.
  3. Press "Export answers" and send the file ratings-NAME.jsonl to whoever asked you.
     You can export as often as you like; the file holds all answers given so far.

How to evaluate
  python -m harness agree RUN --labels FOLDER
  where FOLDER holds the exported files and RUN is the run that the study was drawn from.
"""


def write_static(folder: Path, study: Study, pictures: Path) -> list[Path]:
    """Write a folder that annotators open from the disk, and return its pages by annotator.

    The same study always gives the same bytes. Files of the same names are replaced.

    Args:
        folder: Folder to write; it is created.
        study: The study.
        pictures: Folder of the study's pictures.

    Raises:
        UsageError: A pseudonym cannot be the name of a file of its own.
        DataError: A picture is missing, or something cannot be read or written.
    """
    names = sorted(study.assignments)
    check_pseudonyms(names)
    pages = {name: render_page(page_payload(study, name, mode="static")) for name in names}
    asked = {item_id for order in study.assignments.values() for item_id in order}
    patches = sorted({item.patch_id for item in study.items if item.item_id in asked})
    for patch_id in patches:
        for name in picture_names(patch_id):
            write_bytes_atomic(folder / PICTURES / name, _picture(pictures / name))
    note = _NOTE.format(
        study=study.study_id, pages=", ".join(f"{name}.html" for name in names), pictures=PICTURES
    )
    write_text_atomic(folder / README, note)
    for name, page in pages.items():
        write_text_atomic(folder / f"{name}.html", page)
    return [folder / f"{name}.html" for name in names]


def _picture(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; draw the study again to have its pictures"
        ) from error
