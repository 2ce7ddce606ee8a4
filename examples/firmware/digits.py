"""Writes ``digits.h``: the first test digits of each class, as the firmware holds them.

Run it as ``python examples/firmware/digits.py > examples/firmware/digits.h``.
"""

from __future__ import annotations

import numpy as np

from larqca import load_data
from larqca.export.interpret import grey_bytes

EACH = 2


def main() -> None:
    """Print the header."""
    data = load_data("digits")
    labels = np.asarray(data.test_labels)
    chosen = np.concatenate([np.flatnonzero(labels == label)[:EACH] for label in range(10)])
    pictures = grey_bytes(data.test_images[chosen])
    print("/* Test digits, written by digits.py. */")
    print("#include <stdint.h>\n")
    print(f"#define DIGITS {len(chosen)}u")
    print(f"#define DIGIT_HEIGHT {pictures.shape[1]}u\n#define DIGIT_WIDTH {pictures.shape[2]}u\n")
    print("static const uint8_t digit_labels[DIGITS] = {"
          + ", ".join(map(str, labels[chosen])) + "};\n")
    print("static const uint8_t digits[DIGITS][DIGIT_HEIGHT * DIGIT_WIDTH] = {")
    for picture in pictures:
        print("    {" + ",\n     ".join(", ".join(map(str, row)) for row in picture) + "},")
    print("};")


if __name__ == "__main__":
    main()
