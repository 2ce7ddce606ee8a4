"""Pictures from a file that anybody may have written."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from larqca.backend import tf
from larqca.files import arrays_as_bytes, write_arrays
from larqca.report.colours import COLOURS
from larqca.report.page.cells import describe_frames, read_frames

from .helpers import frames


def image_of(described: dict[str, Any]) -> np.ndarray[Any, Any]:
    content = base64.b64decode(described["image"].removeprefix("data:image/png;base64,"))
    pixels: np.ndarray[Any, Any] = tf.io.decode_png(content, channels=3).numpy()
    return pixels


def test_a_line_for_each_moment_in_the_published_colours(tmp_path: Path) -> None:
    made = frames()
    made["grey"][:] = 255
    write_arrays(tmp_path / "cells.npz", made)
    described = describe_frames(read_frames(tmp_path / "cells.npz"))
    assert described["lines"] == 10
    assert described["steps"] == [0, 1, 2, 3, 200, 200, 201, 202, 203, 400]
    assert described["agree"] == [None, 0, 3, 3, 3, None, 0, 3, 3, 3]
    assert described["right"] == described["agree"]
    pixels = image_of(described)
    assert pixels.shape == (10 * 6, 3 * 6, 3)  # a margin of one pixel around each picture
    for column in range(3):
        line = pixels[2 * 6 + 1 : 2 * 6 + 5, column * 6 + 1 : column * 6 + 5]
        assert (line[:, 1:] == COLOURS[column]).all()
        assert (line[:, 0] == 255).all()  # dead
    assert (pixels[1:5, 1:5] == 0).all()  # the picture itself, before any cell says anything


def test_agreement_on_a_wrong_class_is_not_right(tmp_path: Path) -> None:
    made = frames()
    made["classes"][:] = 9
    write_arrays(tmp_path / "cells.npz", made)
    described = describe_frames(read_frames(tmp_path / "cells.npz"))
    assert described["agree"][2:5] == [3, 3, 3]
    assert described["right"][2:5] == [0, 0, 0]


def changed(**arrays: Any) -> dict[str, Any]:
    whole = {**frames(), **arrays}
    return {name: array for name, array in whole.items() if array is not None}


def header_of_a_huge_array() -> bytes:
    """Few bytes that promise an array of 10**13."""
    npy = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        npy, {"descr": "|i1", "fortran_order": False, "shape": (10**13,)})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("named.npy", npy.getvalue())
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"no archive", "cannot be read"),
        (arrays_as_bytes(frames())[:-40], "cannot be read"),
        (header_of_a_huge_array(), "cannot be read|not a whole"),
        (changed(grey=None), "no whole numbers 'grey'"),
        (changed(named=np.zeros((8, 3, 4, 4))), "no whole numbers 'named'"),
        (changed(steps=np.zeros(8, "U9")), "no whole numbers 'steps'"),
        (changed(steps=np.zeros((2, 4), int)), r"'steps' is of shape \[2, 4\]"),
        (changed(named=np.zeros((0, 3, 4, 4), np.int8)), "'named' is of shape"),
        (changed(named=np.zeros((8, 3, 4, 5), np.int8)), "do not fit each other"),
        (changed(named=np.full((8, 3, 4, 4), 10, np.int8)), "'named' leaves -1 to 9"),
        (changed(named=np.full((8, 3, 4, 4), -2, np.int8)), "'named' leaves -1 to 9"),
        (changed(phase=np.full(8, 2, np.uint8)), "'phase' leaves 0 to 1"),
        (changed(extra=np.zeros(20 * 2**20, np.uint8)), "holds more than 16,777,216 bytes"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "cells.npz"
    path.write_bytes(content if isinstance(content, bytes)
                     else arrays_as_bytes(content, compressed=True))
    with pytest.raises(ValueError, match=message):
        read_frames(path)


def test_objects_are_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "cells.npz", **{**frames(), "named": np.array([print], object)})
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        read_frames(tmp_path / "cells.npz")
    with pytest.raises(FileNotFoundError):
        read_frames(tmp_path / "none.npz")
