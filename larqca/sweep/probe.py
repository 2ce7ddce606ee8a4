"""Measures how fast a run trains here: ``python -m larqca.sweep.probe --threads N``.

Reads the run's configuration as one line of JSON from its standard input, gets ready,
prints ``ready``, and for every further line that is a number of seconds trains for as
long and prints iterations a second. It ends with its input and writes no file.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from larqca.config.schema import RunConfig
from larqca.errors import Diverged

WARM_UP = 3


def main(argv: Sequence[str], requests: TextIO = sys.stdin, replies: TextIO = sys.stdout) -> None:
    """Answer requests until there are no more."""
    parser = argparse.ArgumentParser(prog="larqca.sweep.probe", description=__doc__)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--data-dir")
    arguments = parser.parse_args(argv)
    config = RunConfig.model_validate_json(requests.readline())
    iterate = _trainer(config, arguments.threads, arguments.data_dir)
    done = 0
    for _ in range(WARM_UP):
        iterate(done)
        done += 1
    print("ready", file=replies, flush=True)
    for line in requests:
        started, first = time.monotonic(), done
        while time.monotonic() - started < float(line):
            iterate(done)
            done += 1
        rate = (done - first) / (time.monotonic() - started)
        print(rate, file=replies, flush=True)


def _trainer(config: RunConfig, threads: int, data_dir: str | None) -> Callable[[int], None]:
    """What does one iteration of the run, from random weights."""
    from larqca.backend import use_threads

    use_threads(threads)
    from larqca.automata.engine import make_engine
    from larqca.automata.layout import layout_of
    from larqca.automata.neural_ca import NeuralCA
    from larqca.data import load
    from larqca.training.trainer import Trainer

    dataset = load(config.data, data_dir)
    model = NeuralCA(layout_of(config, dataset.classes), seed=config.seed)
    trainer = Trainer(model, make_engine(model), config, dataset, Path())

    def iterate(number: int) -> None:
        # Without the weights that it starts from a run may blow up; it takes as long.
        with contextlib.suppress(Diverged):
            trainer.iterate(number)

    return iterate


if __name__ == "__main__":
    main(sys.argv[1:])
