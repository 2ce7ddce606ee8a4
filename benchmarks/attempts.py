"""What else was tried to make training faster, so that nobody has to believe it.

    python benchmarks/attempts.py [--data-dir DIR] [--only NAME ...]

Each attempt prints milliseconds of the engine's own way and of the other way, medians of
interleaved repeats in one process and one thread. `reports/findings/speed.md` says what was
concluded.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from larqca import load_data
from larqca.automata.engine import SEED_SPEC
from larqca.automata.layout import layout_of
from larqca.automata.live import LiveEngine
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf, use_threads
from larqca.config.canonical import build_run_config
from larqca.errors import DataError

ROWS, LAYERS = 1100, ((180, 80), (80, 80), (80, 19))  # 16 MNIST digits, half of them firing
REPEATS, SECONDS = 9, 0.3


def interleaved(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Milliseconds of a call of each, medians over repeats that take turns."""
    for way in ways.values():
        way()
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            calls, started = 0, time.perf_counter()
            while time.perf_counter() - started < SECONDS:
                way()
                calls += 1
            times[name].append(1e3 * (time.perf_counter() - started) / calls)
    return {name: statistics.median(each) for name, each in times.items()}


def compiled(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """A function of fixed tensors as a graph."""
    graph = tf.function(function)
    return lambda: graph(*arguments)


def products(rows: int = ROWS, models: int = 1) -> Any:
    """Inputs, kernel and gradient of every layer's output."""
    random = tf.random.normal
    return [
        (random([models, rows, i]), random([models, i, o]), random([models, rows, o]))
        for i, o in LAYERS
    ]


def three_products(inputs: Any, kernel: Any, outputs: Any) -> Any:
    """The forward product and both backward ones."""
    return (
        tf.matmul(inputs, kernel),
        tf.matmul(outputs, kernel, transpose_b=True),
        tf.matmul(inputs, outputs, transpose_a=True),
    )


def bfloat16() -> dict[str, float]:
    """All products in bfloat16, with the casts that they need between layers."""

    def half(arrays: Any) -> Any:
        down = [[tf.cast(x[0], tf.bfloat16) for x in layer] for layer in arrays]
        return [[tf.cast(end, tf.float32) for end in three_products(*layer)] for layer in down]

    def ready(arrays: Any) -> Any:
        return [three_products(*(x[0] for x in layer)) for layer in arrays]

    arrays = products()
    low = [[tf.cast(x, tf.bfloat16) for x in layer] for layer in arrays]
    return interleaved({
        "float32": compiled(ready, arrays),
        "bfloat16, arrays ready": compiled(ready, low),
        "bfloat16, with casts": compiled(half, arrays),
    })  # fmt: skip


def batched_models() -> dict[str, float]:
    """Four models of a sweep on the digits: products one by one, or as one batch."""
    arrays = products(rows=480, models=4)

    def one_by_one(arrays: Any) -> Any:
        each = [[x[model] for x in layer] for layer in arrays for model in range(4)]
        return [three_products(*layer) for layer in each]

    def together(arrays: Any) -> Any:
        return [three_products(*layer) for layer in arrays]

    return interleaved({
        "four models one by one": compiled(one_by_one, arrays),
        "four models as one batched product": compiled(together, arrays),
    })  # fmt: skip


def scatters() -> dict[str, float]:
    """The gradient of the gather: sums of 40,000 rows of 20 numbers into 9,000."""
    rng = np.random.default_rng(0)
    index = tf.constant(rng.integers(0, 9000, 40_000), tf.int32)
    values = tf.random.normal([40_000, 20])
    order = tf.argsort(index, stable=True)
    there = tf.gather(index, order)

    def sparse_product() -> Any:
        from larqca.automata.live import _sum_rows

        return _sum_rows(values, index, 9000)

    return interleaved({
        "product with a sparse matrix (ours)": compiled(sparse_product),
        "unsorted_segment_sum": compiled(
            lambda: tf.math.unsorted_segment_sum(values, index, 9000)),
        "tensor_scatter_nd_add": compiled(
            lambda: tf.tensor_scatter_nd_add(tf.zeros([9000, 20]), index[:, None], values)),
        "sparse_segment_sum, sorted before": compiled(
            lambda: tf.sparse.segment_sum(values, order, there, num_segments=9000)),
    })  # fmt: skip


class Rematerialised(LiveEngine):
    """Keeps states every `block` steps only and computes the rest again."""

    block = 10

    def advance(self, state: Any, prepared: Any, draws: Any) -> Any:
        """See `Engine.advance`."""
        for start in range(0, len(draws), self.block):
            part = draws[start : start + self.block]
            step = tf.recompute_grad(
                lambda state, part=part: super(Rematerialised, self).advance(state, prepared, part)
            )
            state = step(state)
        return state


def rematerialisation(images: Any) -> dict[str, float]:
    """A rollout of 80 steps and its gradient for 16 pictures."""
    model = NeuralCA(layout_of(build_run_config({})))
    variables = list(model.named_variables().values())
    ways = {}
    for name, kind in (("all kept", LiveEngine), ("every tenth state kept", Rematerialised)):
        engine = kind(model)
        cells = engine.pictures(images[:16]).cells(np.arange(16))
        batch = engine.pack(cells)
        state = np.zeros((len(cells.image), model.layout.state_channels), np.float32)

        def gradient(states: Any, prepared: Any, seed: Any, engine: Any = engine) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(engine.rollout(states, prepared, 80, seed)[0])
            return tape.gradient(loss, variables, unconnected_gradients="zero")

        graph = tf.function(gradient, input_signature=[*engine.specs(), SEED_SPEC])
        arguments = (batch.split(state), batch.prepared, np.array([0, 1]))
        ways[name] = lambda graph=graph, arguments=arguments: graph(*arguments)
    return interleaved(ways)


def main() -> None:
    """Measure and print."""
    attempts: dict[str, Callable[[Any], dict[str, float]]] = {
        "bfloat16": lambda _: bfloat16(),
        "batched-models": lambda _: batched_models(),
        "scatters": lambda _: scatters(),
        "rematerialisation": rematerialisation,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default=os.environ.get("TFDS_DATA_DIR"))
    parser.add_argument("--only", nargs="+", choices=list(attempts), default=list(attempts))
    given = parser.parse_args()
    use_threads(1)
    try:
        images = load_data("mnist", given.data_dir).test_images
    except DataError:
        images = load_data("digits").test_images
    for name in given.only:
        times = attempts[name](images)
        first = next(iter(times.values()))
        for way, milliseconds in times.items():
            print(f"{name:18s} {way:38s} {milliseconds:9.3f} ms {milliseconds / first:6.2f} x")


if __name__ == "__main__":
    main()
