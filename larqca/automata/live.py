"""The live engine: a cell that is dead or does not fire costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.engine import Engine
from larqca.automata.layers import Block
from larqca.automata.layout import LayerLayout
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.pictures import Cells
from larqca.automata.randomness import Draws
from larqca.automata.rank_one import RankOneBlock, composed
from larqca.automata.sites import DEAD, FIRST_LIVE, FIRST_SITE, OUTSIDE, find_sites
from larqca.backend import tf

Array = npt.NDArray[Any]
Multiply = Callable[[Any], Any]

assert (OUTSIDE, DEAD) == (0, 1)  # the order in which tables are put together here


class LiveEngine(Engine):
    """Gathers the neighbourhoods of the cells that fire and multiplies plain matrices.

    A perceive stack of several 3x3 layers is computed at all cells that the last
    layer can see, and the last layer at the cells that fire. Of two layers, the first
    one's sums are kept (`_KeptSums`) where that gives the same numbers but for rounding; two
    that make kernels of rank one are computed as one (`RankOneBlock`).
    """

    def __init__(self, model: NeuralCA, shards: int = 1) -> None:
        super().__init__(model, shards)
        self._perceive = composed(model.perceive_blocks)

    @property
    def prepared_spec(self) -> tuple[Any, ...]:
        """Grey values of the first table, then a neighbour index for each perceive layer."""
        index = [tf.TensorSpec([None, len(layer.places)], tf.int32)
                 for layer in self._layers]
        return (tf.TensorSpec([None], tf.float32), *index)

    def prepare(self, cells: Cells) -> tuple[Array, ...]:
        """See `prepared_spec` and `larqca.automata.sites`."""
        layers = self._layers
        sites = find_sites(cells, len(layers))
        taps = [index if layer.is_full else np.ascontiguousarray(index[:, layer.places])
                for index, layer in zip(sites.neighbours, layers, strict=True)]
        return sites.grey, *taps

    def advance(self, state: Any, prepared: tuple[Any, ...], draws: Sequence[Draws]) -> Any:
        """See `Engine.advance`."""
        grey, *neighbours = prepared
        perceive = [(block, block.multiplier()) for block in self._perceive]
        update = [(block, block.multiplier()) for block in self.model.update_blocks]
        # The whole rollout works on the first layer's table: grey and state, of live
        # cells and of the rows around them that never change.
        live = tf.shape(state)[0]
        table = _table(grey, state)
        outside = _outside(perceive[0][0], tf.shape(table))
        first = self._first_kept
        kept = None if first is None else _KeptSums(first, table, outside, neighbours[0])
        for step in draws:
            windows = tf.gather(neighbours[-1], step.firing)
            if kept is None:
                hidden = _perceive(perceive, table, outside, [*neighbours[:-1], windows])
            else:
                block, multiply = perceive[1]
                hidden = multiply(_windows(_as_sites(kept.outputs(), block), windows))
            for block, multiply in update:
                hidden = multiply(block.transform_input(hidden))
            if step.noise is not None:
                hidden += step.noise
            change = tf.pad(hidden, [[0, 0], [1, 0]])  # nothing is added to grey
            table = _add_rows(table, step.firing + FIRST_LIVE, change)
            if kept is not None:
                kept.add(hidden, windows)
        return table[FIRST_LIVE : FIRST_LIVE + live, 1:]

    @property
    def _layers(self) -> list[LayerLayout]:
        return [block.layout for block in self._perceive]

    @property
    def _first_kept(self) -> Block | None:
        """The first of two perceive layers if its sums are to be kept."""
        if len(self._perceive) != 2:
            return None
        first, last = self._perceive
        # What one sees is what the other is seen from.
        alike = first.layout.places == last.layout.places
        return first if isinstance(first, Block) and alike and not first.exact_sums else None


class _KeptSums:
    """The sums of the first of two perceive layers at its sites, through a rollout.

    Its inputs change only where a cell fired, and its sums by the products of that change: a
    training iteration of `clothing` takes 0.79 of the time (`reports/findings/speed.md`). Kept sums
    differ from new ones by rounding, so that no quantizer may read them, and the layer's own
    inputs must be the states, not what a quantizer makes of them.

    Args:
        block: the layer; its inputs are not quantized.
        table: its inputs at the beginning.
        outside: see `_outside`.
        index: ``[sites, taps]`` rows of the table.
    """

    def __init__(self, block: Block, table: Any, outside: Any, index: Any) -> None:
        self._block = block
        weights = block.weights()
        if outside is not None:
            table = tf.add_n([table, outside])
        sums = tf.matmul(_windows(table, index), tf.reshape(weights, [-1, block.layout.outputs]))
        self._sums = tf.pad(sums, [[FIRST_SITE, 0], [0, 0]])
        # The site that a cell sees on one side sees the cell on the opposite one, which is a
        # tap too; grey, the first input, never changes.
        seen = tf.transpose(weights[::-1, 1:], [1, 0, 2])
        self._spread = tf.reshape(seen, [seen.shape[0], -1])

    def outputs(self) -> Any:
        """What the layer puts out, ``[sites, outputs]``."""
        return self._block.finish(self._sums[FIRST_SITE:])

    def add(self, change: Any, windows: Any) -> None:
        """Take up changes of state, ``[firing, state_channels]``, at cells around which
        the sites ``[firing, taps]`` lie. What falls outside the grid is never read."""
        products = tf.reshape(tf.matmul(change, self._spread), [-1, self._block.layout.outputs])
        self._sums = _add_rows(self._sums, tf.reshape(windows, [-1]), products)


def _table(grey: Any, state: Any) -> Any:
    """``[rows]`` and ``[live, state_channels]`` to ``[rows, 1 + state_channels]``."""
    below = tf.shape(grey)[0] - FIRST_LIVE - tf.shape(state)[0]
    rows = tf.pad(state, [[FIRST_LIVE, below], [0, 0]])
    return tf.concat([grey[:, None], rows], axis=1)


def _perceive(
    layers: list[tuple[Block | RankOneBlock, Multiply]], table: Any, outside: Any,
    neighbours: list[Any],
) -> Any:
    """What the sites of the last layer perceive, ``[sites, outputs]``. Layers before it
    are computed at all their sites, because the layer after them looks around."""
    for number, ((block, multiply), index) in enumerate(zip(layers, neighbours, strict=True)):
        rows = block.transform_input(table)
        if number:
            rows = _as_sites(rows, block)
        elif outside is not None:
            rows = tf.add_n([rows, outside])
        table = multiply(_windows(rows, index))
    return table


def _as_sites(rows: Any, block: Block | RankOneBlock) -> Any:
    """What a layer before `block` put out, ``[sites, channels]``, as the table of `block`."""
    padding = float(block.layout.pad_values)
    return tf.pad(rows, [[FIRST_SITE, 0], [0, 0]], constant_values=padding)


def _windows(table: Any, index: Any) -> Any:
    """Rows around each site in one row, ``[sites, taps * channels]``."""
    return tf.reshape(_gather(table, index), [-1, index.shape[1] * table.shape[1]])


def _outside(block: Block | RankOneBlock, shape: Any) -> Any:
    """What must be added to the first layer's quantized table so that its first row says
    what the padding says; None where it does so already."""
    if block.layout.input_quantizer is None and not block.layout.pad_values:
        return None
    dead = block.transform_input(tf.zeros([1, block.layout.inputs]))
    row = float(block.layout.pad_values) - dead
    return tf.stop_gradient(tf.pad(row, [[0, shape[0] - 1], [0, 0]]))


# TensorFlow's scatters spend 50 ns on a row of twenty numbers, most of it before the
# first of them; its product with a sparse matrix of ones spends 20 ns.


@tf.custom_gradient
def _gather(table: Any, index: Any) -> tuple[Any, Any]:
    """`tf.gather` of ``[rows, channels]`` at ``[sites, taps]``, with a dense gradient:
    Larq's quantizers cannot take sparse slices."""

    def gradient(upstream: Any) -> tuple[Any, None]:
        flat = tf.reshape(upstream, [-1, tf.shape(table)[1]])
        return _sum_rows(flat, tf.reshape(index, [-1]), tf.shape(table)[0]), None

    return tf.gather(table, index), gradient


@tf.custom_gradient
def _add_rows(table: Any, index: Any, change: Any) -> tuple[Any, Any]:
    """``table[index] += change``; a row that comes twice is added to twice."""

    def gradient(upstream: Any) -> tuple[Any, None, Any]:
        return upstream, None, tf.gather(upstream, index)

    return table + _sum_rows(change, index, tf.shape(table)[0]), gradient


def _sum_rows(values: Any, index: Any, rows: Any) -> Any:
    """Row ``r`` of the result is the sum of the values whose index is ``r``, added up in
    their order."""
    count = tf.size(index)
    return tf.raw_ops.SparseTensorDenseMatMul(
        a_indices=_pairs(index, count),
        a_values=tf.ones([count]),
        a_shape=tf.cast([rows, count], tf.int64),
        b=values,
    )


def _pairs(index: Any, count: Any) -> Any:
    """``(index[i], i)`` as int32 ``[count, 2]``: two numbers in one of 64 bits, which
    is several times faster than stacking them."""
    position = tf.range(tf.cast(count, tf.int64))
    if sys.byteorder == "little":
        words = position * 2**32 + tf.cast(index, tf.int64)
    else:
        words = tf.cast(index, tf.int64) * 2**32 + position
    return tf.bitcast(words, tf.int32)

