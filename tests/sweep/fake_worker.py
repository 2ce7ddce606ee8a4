"""A worker whose training is a counter, for tests of what is around it.

Run as a program it takes a worker's arguments. Its behaviour is in the run's own
configuration: the number of iterations is how many it counts, and the optimizer's
`arguments` name say what goes wrong (see `execute`).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from larqca.config.schema import RunConfig
from larqca.errors import DataError, Interrupted
from larqca.files import write_bytes
from larqca.sweep.worker import main
from larqca.training.result import Progress, RunResult

# A run's learning rate says what it does.
CRASH, EXIT_3, DIVERGE, RAISE, FORESEEN, SLOW = 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625
HOG, DEAF = 0.0078125, 0.00390625

_hoard: list[bytes] = []


def execute(
    config: RunConfig, directory: Path, *, data_dir: str | None, source: Path | None,
    progress: Any, stop: Any,
) -> RunResult:
    """Count to `iterations`, with a checkpoint after every one."""
    behaviour = config.training.optimizer.learning_rate
    checkpoint = directory / "checkpoint.npz"
    done, total = 0, config.training.iterations
    if checkpoint.exists():
        done = int(checkpoint.read_text())
    print(f"from {done} with {os.environ['OMP_NUM_THREADS']} threads", flush=True)
    if source is not None:
        # One of its own, or a real one (an archive) from which a test's run starts.
        assert source.read_bytes().startswith((b"model", b"PK")), source
    while done < total:
        done += 1
        write_bytes(checkpoint, str(done).encode(), durable=False)
        progress(Progress("training", done, total, 2.0, 10.0))
        _misbehave(behaviour, done, directory)
        if stop():
            raise Interrupted("asked to stop")
        time.sleep(0.05 if behaviour == SLOW else 0.0)
    write_bytes(directory / "model.npz", f"model of seed {config.seed}".encode())
    if behaviour == DIVERGE:
        return RunResult("diverged", f"iteration {done}: loss is NaN", done, None)
    return _result(config, done)


def _misbehave(behaviour: float, done: int, directory: Path) -> None:
    first_time = not (directory / "once").exists()
    if behaviour == HOG:
        _hoard.append(b"x" * 2**24)
        time.sleep(0.02)
    if behaviour == DEAF:
        time.sleep(3600.0)
    if done == 3 and behaviour in (CRASH, EXIT_3, RAISE, FORESEEN) and first_time:
        (directory / "once").touch()
        if behaviour == CRASH:
            os.kill(os.getpid(), signal.SIGKILL)
        if behaviour == EXIT_3:
            os._exit(3)
        if behaviour == RAISE:
            raise RuntimeError("two\nlines")
        raise DataError("the data went away")


def _result(config: RunConfig, done: int) -> RunResult:
    share = 0.9 + 0.02 * config.seed
    first = {"cell_accuracy": share, "agreement": 0.5, "vote_accuracy": 0.75,
             "agree_and_correct": 0.25}
    last = {**first, "agreement": 0.4}
    curves = {"step": [10.0, 20.0, 200.0, 400.0],
              **{name: [value - 0.1, value + 0.05, value, value] for name, value in first.items()}}
    return RunResult(
        "done", "", done, 10.0 ** (config.seed + 1), {"20": first, "200": first, "400": last},
        curves, 200, {"model_bytes": 1000, "float32_bytes": 4000, "compression_ratio": 4.0,
                      "macs": {"32x32": 7}},
        12.0, 3.0, "ab" * 32,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], load=lambda threads: execute))
