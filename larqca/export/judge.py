"""What lowering costs: the published test protocol on integers, beside Keras, and how far
states drift apart step by step.

The compiled C stands for the program, which `verify` shows to be the same; the interpreter
would take hours for what it does in minutes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from larqca.config.schema import EvaluationConfig
from larqca.errors import ExportError
from larqca.evaluation.metrics import metrics_of
from larqca.export.c99.emit import CSource
from larqca.export.c99.templates import fill
from larqca.export.host import compile_c
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.program import Program
from larqca.export.tools import run_tool

if TYPE_CHECKING:
    from larqca.automata.neural_ca import NeuralCA

Array = npt.NDArray[Any]

STEPS = 200
MARKS = (20, 200)
DRIFT_STEPS, DRIFT_PICTURES = 64, 8

_JUDGE = """\
#include <stdio.h>
#include <stdlib.h>

#include "@prefix@.h"

static struct @prefix@ a;
static const uint32_t marks[] = {@MARKS@};

static int votes_after(uint32_t steps)
{
    uint32_t votes[@PREFIX@_CLASSES], winner;
    if (@prefix@_rollout(&a, steps) != @PREFIX@_OK
        || @prefix@_classify(&a, votes, &winner) != @PREFIX@_OK) {
        return 1;
    }
    return fwrite(votes, sizeof votes[0], @PREFIX@_CLASSES, stdout) != @PREFIX@_CLASSES;
}

int main(void)
{
    uint32_t head[3];
    if (fread(head, sizeof head[0], 3, stdin) != 3) {
        return 2;
    }
    size_t size = (size_t)head[1] * head[2];
    uint8_t *pictures = malloc(head[0] * size);
    uint32_t *successor = malloc(head[0] * sizeof *successor);
    if (pictures == 0 || successor == 0 || fread(pictures, size, head[0], stdin) != head[0]
        || fread(successor, sizeof *successor, head[0], stdin) != head[0]) {
        return 3;
    }
    for (uint32_t i = 0; i < head[0]; i++) {
        if (@prefix@_start(&a, pictures + i * size, head[1], head[2], @PREFIX@_SEED + i) != 0) {
            return 4;
        }
        for (int phase = 0; phase < 2; phase++) {
            uint32_t done = 0;
            if (phase == 1 && @prefix@_show(&a, pictures + successor[i] * size) != 0) {
                return 5;
            }
            for (size_t mark = 0; mark < sizeof marks / sizeof marks[0]; mark++) {
                if (votes_after(marks[mark] - done) != 0) {
                    return 6;
                }
                done = marks[mark];
            }
        }
    }
    return 0;
}
"""


def check_compiler(compiler: str = "gcc") -> None:
    """There is what `judge` compiles with.

    Raises:
        ExportError: there is not.
    """
    if shutil.which(compiler) is None:
        raise ExportError(f"there is no {compiler} on this machine, with which test images judge "
                          "what rounding costs; install it, or do without: --images 0")


def judge(
    model: NeuralCA, program: Program, c: CSource, prefix: str, images: Array, labels: Array,
    *, compiler: str = "gcc",
) -> dict[str, Any]:
    """Metrics of the Keras model and of the integers, at steps 20, 200, 220 and 400.

    Every image is exchanged for another after step 200. Keras has its noise, the integers
    have none; both draw fire masks of their own.

    Args:
        model: what was lowered.
        program: what it became.
        c: the C of it, for grids that hold the images.
        prefix: of its names.
        images: grey test images ``[images, height, width]``.
        labels: int ``[images]``.
        compiler: of this machine.

    Raises:
        ExportError: there is no compiler, or the compiled code stopped.
    """
    from larqca.automata.engine import make_engine
    from larqca.evaluation.protocol import evaluate, exchange

    config = EvaluationConfig(record_every=20)
    keras = evaluate(make_engine(model), images, labels, config).summary()
    successor = exchange(len(images), config.seed)
    votes = _votes(c, prefix, images, successor, compiler)
    shown = (labels, labels[successor])
    integers = {
        str(phase * STEPS + mark): metrics_of(
            votes[:, phase, number], shown[phase], config.batch_size)
        for phase in range(2) for number, mark in enumerate(MARKS)
    }
    return {"images": len(images), "keras": {step: keras[step] for step in integers},
            "integers": integers, "state_difference": drift(model, program, images)}


def _votes(c: CSource, prefix: str, images: Array, successor: Array, compiler: str) -> Array:
    """Votes ``[images, phases, marks, classes]`` of the compiled code."""
    names = {"prefix": prefix, "PREFIX": prefix.upper(), "MARKS": ", ".join(map(str, MARKS))}
    pictures = grey_bytes(images)
    head = np.array(pictures.shape, "<u4").tobytes()
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder)
        (build / f"{prefix}.h").write_text(c.header)
        (build / f"{prefix}.c").write_text(c.source)
        # No prefix holds a hyphen.
        judge_c, binary = build / "larqca-judge.c", build / "larqca-judge"
        judge_c.write_text(fill(_JUDGE, names))
        compile_c([build / f"{prefix}.c", judge_c], binary, compiler=compiler,
                  flags=("-O3", "-march=native"))
        done = run_tool([str(binary)], "the compiled code on the test images",
                        given=head + pictures.tobytes() + successor.astype("<u4").tobytes())
    if done.returncode:
        raise ExportError(f"the compiled code stopped with {done.returncode} on the test images")
    shape = (len(images), 2, len(MARKS), -1)
    return np.frombuffer(done.stdout, "<u4").astype(np.int64).reshape(shape)


def drift(model: NeuralCA, program: Program, images: Array) -> dict[str, Sequence[float]]:
    """Largest and mean difference of the states, in units of the float state, after each of
    64 steps with the same fire masks and without noise.

    Args:
        model: what was lowered.
        program: what it became.
        images: grey ``[pictures, height, width]``, of which the first 8 are used.
    """
    pictures = grey_bytes(images[:DRIFT_PICTURES])
    machine = Interpreter(program)
    grid = machine.start(pictures, seeds=range(len(pictures)))
    state = model.seed_state(pictures.astype(np.float32) / 255.0)
    alive = machine.alive(grid)
    largest, mean = [], []
    for _ in range(DRIFT_STEPS):
        fires = machine.firing(grid)
        state[..., 1:] += np.where(fires[..., None], model(state).numpy(), 0.0)
        machine.step(grid)
        apart = np.abs(grid.state / 2.0**program.state_fraction - state[..., 1:])[alive]
        largest.append(round(float(apart.max(initial=0.0)), 6))
        mean.append(round(float(apart.mean()) if apart.size else 0.0, 6))
    return {"largest": largest, "mean": mean}

