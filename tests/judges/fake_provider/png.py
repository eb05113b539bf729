"""A strict look at PNG bytes without decoding the pixels: signature, chunks and checksums."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_size(data: bytes) -> tuple[int, int]:
    """Return width and height; raise ValueError if any byte of the file is damaged."""
    if not data.startswith(SIGNATURE):
        raise ValueError("not a PNG")
    position, size, names = len(SIGNATURE), (0, 0), []
    while position < len(data):
        length = int.from_bytes(data[position : position + 4])
        chunk = data[position + 4 : position + 8 + length]
        checksum = int.from_bytes(data[position + 8 + length : position + 12 + length])
        if zlib.crc32(chunk) != checksum:
            raise ValueError("a chunk is damaged")
        names.append(chunk[:4])
        if chunk[:4] == b"IHDR":
            size = struct.unpack_from(">II", chunk, 4)
        position += 12 + length
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise ValueError("chunks are missing")
    return size
