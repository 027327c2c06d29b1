"""A picture whose header lies."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path


def write_oversized_png(path: Path, depth: int = 8, kind: int = 2) -> None:
    """A PNG file whose header claims 60,000 x 60,000 pixels.

    Args:
        path: The file.
        depth: Bits of a channel.
        kind: 0 for grey, 2 for colours.
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack('>I', zlib.crc32(name + data))
        return struct.pack('>I', len(data)) + name + data + check

    size = struct.pack('>IIBBBBB', 60_000, 60_000, depth, kind, 0, 0, 0)
    body = chunk(b'IHDR', size) + chunk(b'IDAT', zlib.compress(b'\0' * 99))
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + body + chunk(b'IEND', b''))
