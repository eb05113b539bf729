"""Where images come from: identified by the sha256 of their bytes, never by position or name."""

from harness.data.sources.decode import SUFFIXES, decode
from harness.data.sources.files import FileSource, FolderSource
from harness.data.sources.registry import IMAGES, open_source
from harness.data.sources.source import ImageKind, ImageSource

__all__ = [
    "IMAGES",
    "SUFFIXES",
    "FileSource",
    "FolderSource",
    "ImageKind",
    "ImageSource",
    "decode",
    "open_source",
]
