"""Draw what the cells of automata name, step by step, as one PNG.

    python reports/draw_cells.py OUT.png RUN_DIRECTORY [RUN_DIRECTORY ...]

Each run's model gives one row for each test digit and one column for each moment: steps
1, 5, 20 and 200, then 1, 20 and 200 steps after every digit was exchanged for another.
A cell's colour is the class it names, its brightness its grey value.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from larqca import load_data, load_model
from larqca.backend import tf
from larqca.report.colours import coloured

DIGITS = 5
MOMENTS = ((1, 5, 20, 200), (1, 20, 200))
PIXELS, GAP = 7, 6


def frames(run: Path) -> list[np.ndarray]:
    """The moments of a run's model, each ``[digits, height, width, 3]``."""
    model = load_model(run / "model.npz")
    images = load_data("digits").test_images
    drawn = []
    state = model.seed_state(images[:DIGITS])
    for phase, moments in enumerate(MOMENTS):
        pictures = images[phase * DIGITS : (phase + 1) * DIGITS]
        state[..., 0] = pictures
        state[..., 1:] *= model.alive(pictures)[..., None]
        before = 0
        for moment in moments:
            state = model.rollout(state, moment - before, seed=1000 * phase + moment)
            before = moment
            labels = model.labels(state)
            drawn.append(
                np.stack([coloured(*pair) for pair in zip(labels, pictures, strict=True)])
            )
    return drawn


def sheet(runs: list[Path]) -> np.ndarray:
    """All runs below each other, uint8 ``[height, width, 3]``."""
    rows = []
    for run in runs:
        columns = frames(run)
        for digit in range(DIGITS):
            large = [np.kron(column[digit], np.ones((PIXELS, PIXELS, 1))) for column in columns]
            framed = [np.pad(p, ((GAP // 2,) * 2, (GAP // 2,) * 2, (0, 0)), constant_values=255)
                      for p in large]  # fmt: skip
            gap = np.full((framed[0].shape[0], 4 * GAP, 3), 255.0)
            framed.insert(len(MOMENTS[0]), gap)
            rows.append(np.concatenate(framed, axis=1))
        rows.append(np.full((3 * GAP, rows[-1].shape[1], 3), 255.0))
    return np.concatenate(rows[:-1]).round().astype(np.uint8)


if __name__ == "__main__":
    out, *runs = sys.argv[1:]
    Path(out).write_bytes(tf.io.encode_png(sheet([Path(run) for run in runs])).numpy())
