"""PNG files of few colours, which is all that the page draws."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def paletted_png(pixels: Array, palette: Array) -> bytes:
    """A PNG file.

    Args:
        pixels: uint8 ``[height, width]``, rows of the palette.
        palette: uint8 ``[colours, 3]``, at most 256 of them.
    """
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    # Every line of pixels begins with its filter: 0, none.
    lines = np.pad(pixels, ((0, 0), (1, 0))).astype(np.uint8).tobytes()
    chunks = [(b"IHDR", header), (b"PLTE", palette.astype(np.uint8).tobytes()),
              (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
