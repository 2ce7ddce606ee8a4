"""Metrics of self-classification, from each image's count of votes.

=================  ===========================================================
cell_accuracy      live cells that name the right class, over live cells,
                   pooled within a batch and averaged over batches
agreement          share of images whose live cells all name one class, right
                   or wrong ("total agreement")
vote_accuracy      share of images whose most named class is the right one (of
                   classes named equally often, the lowest)
agree_and_correct  share of images whose live cells all name the right class
=================  ===========================================================

The first two are the published ones (Randazzo et al., Distill 2020). Images without a
live cell have nobody to ask and are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

METRICS = ("cell_accuracy", "agreement", "vote_accuracy", "agree_and_correct")


def count_votes(classes_named: Array, image: Array, images: int, classes: int) -> Array:
    """How many live cells of each image name each class, int64 ``[images, classes]``.

    Args:
        classes_named: int ``[live]``, the class each live cell names.
        image: int ``[live]``, the image each belongs to.
        images: number of images.
        classes: number of classes.
    """
    flat = image.astype(np.int64) * classes + classes_named
    return np.bincount(flat, minlength=images * classes).reshape(images, classes)


def metrics_of(votes: Array, labels: Array, batch_size: int) -> dict[str, float]:
    """The four metrics as shares from 0 to 1 (NaN where no image has a live cell).

    Args:
        votes: int ``[images, classes]`` from `count_votes`.
        labels: int ``[images]``.
        batch_size: images whose cells are pooled for the cell accuracy.
    """
    asked = votes.sum(axis=1) > 0
    cells = votes.sum(axis=1)
    right = votes[np.arange(len(votes)), labels]
    starts = range(0, len(votes), batch_size)
    pooled = [
        right[start : start + batch_size].sum() / cells[start : start + batch_size].sum()
        for start in starts
        if cells[start : start + batch_size].any()
    ]
    return {
        "cell_accuracy": _mean(np.array(pooled)),
        "agreement": _mean((votes.max(axis=1) == cells)[asked]),
        "vote_accuracy": _mean((votes.argmax(axis=1) == labels)[asked]),
        "agree_and_correct": _mean((right == cells)[asked]),
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")
