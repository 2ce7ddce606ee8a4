"""One run in its own process: ``python -m larqca.sweep.worker OUT HASH --threads N``.

The parent holds the other end of the worker's standard input: when the parent is gone,
however it went, the worker ends at once. SIGTERM asks it to finish its iteration, write
its checkpoint and stop; so does the end of its time. What it prints goes to the run's log.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from larqca.config.canonical import explain, run_hash
from larqca.config.schema import FileSource, RunConfig, RunSource
from larqca.errors import Interrupted, LarqcaError, StoreError
from larqca.files import is_full, remove_temporaries
from larqca.sweep.files import finite, now, write_json
from larqca.sweep.limits import Excess, Watchdog
from larqca.sweep.outcome import (
    CONFIG,
    LOCK,
    MODEL,
    PROGRESS,
    RESULT,
    RUNS,
    note_failure,
    read_result,
    sealed_result,
)
from larqca.sweep.provenance import note_finish, note_start
from larqca.training.result import Progress, RunResult

Execute = Callable[..., RunResult]

EXIT_DONE, EXIT_FAILED, EXIT_FULL, EXIT_INTERRUPTED = 0, 1, 74, 75
PROGRESS_SECONDS = 0.5
LOCK_SECONDS = 30.0


def load_execute(threads: int) -> Execute:
    """Import TensorFlow, fix its threads, and return what trains."""
    from larqca.backend import use_threads

    use_threads(threads)
    from larqca.training.run import execute

    return execute


def main(argv: Sequence[str], load: Callable[[int], Execute] = load_execute) -> int:
    """Do one run. Returns the exit code.

    Args:
        argv: arguments without the program's name.
        load: gives the function that trains, for a number of threads.
    """
    arguments = _arguments(argv)
    asked = _stop_on_sigterm()
    _end_with_parent()
    directory = arguments.out / RUNS / arguments.hash
    watchdog = Watchdog(arguments.seconds, arguments.memory_bytes, ask_to_stop=asked.set,
                        end=lambda excess: _end_over_limit(directory, excess))
    try:
        with _run_lock(directory):
            remove_temporaries(directory)
            return _run(arguments, directory, load, asked.is_set)
    except Interrupted:
        if watchdog.excess is None:
            return EXIT_INTERRUPTED
        return _failed(directory, watchdog.excess.reason, watchdog.excess)
    except LarqcaError as error:
        _say(f"error: {error}")
        return _failed(directory, str(error))
    except Exception as error:  # the process boundary: whatever it was becomes a row
        _say(traceback.format_exc())
        if is_full(error):
            return EXIT_FULL
        return _failed(directory, f"{type(error).__name__}: {error}")


def _run(
    arguments: argparse.Namespace,
    directory: Path,
    load: Callable[[int], Execute],
    stop: Callable[[], bool],
) -> int:
    config = read_config(directory)
    if read_result(directory) is not None:
        return EXIT_DONE  # another worker, whose lock we waited for, has done it
    provenance = note_start(directory, config, arguments.threads)
    result = load(arguments.threads)(
        config,
        directory,
        data_dir=arguments.data_dir,
        source=source_of(config, arguments.out),
        progress=ProgressFile(directory / PROGRESS),
        stop=stop,
    )
    note_finish(directory, provenance, result.data_sha256)
    write_json(directory / RESULT, sealed_result(directory, finite(result.as_json())))
    return EXIT_DONE


def read_config(directory: Path) -> RunConfig:
    """The run's configuration, which must be the one that the directory is named by."""
    path = directory / CONFIG
    try:
        config = RunConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{CONFIG} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise StoreError(f"{CONFIG}: {explain(error)[0]}") from error
    if run_hash(config) != directory.name:
        raise StoreError(f"{CONFIG} was edited by hand: it is not that of run {directory.name}")
    return config


def source_of(config: RunConfig, out: Path) -> Path | None:
    """The model file that the run starts from."""
    source = config.start_from
    if isinstance(source, RunSource):
        return out / RUNS / source.run / MODEL
    if isinstance(source, FileSource):
        return out / "models" / f"{source.file_sha256}.npz"
    return None


class ProgressFile:
    """Keeps ``progress.json`` up to date, at most twice a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = -math.inf

    def __call__(self, progress: Progress) -> None:
        """Write it, unless the last time was just now and this is not the end."""
        moment = time.monotonic()
        if moment < self._next and progress.done < progress.total:
            return
        self._next = moment + PROGRESS_SECONDS
        content: dict[str, Any] = {
            "phase": progress.phase, "done": progress.done, "total": progress.total,
            "loss": progress.loss, "rate": progress.rate, "at": now(),
        }
        write_json(self._path, content, durable=False)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="larqca.sweep.worker", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("hash")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data-dir")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--memory-bytes", type=int)
    return parser.parse_args(argv)


def _stop_on_sigterm() -> threading.Event:
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    return asked


def _end_with_parent() -> None:
    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(EXIT_INTERRUPTED)  # files appear by rename, so this cannot hurt them

    threading.Thread(target=watch, daemon=True, name="parent watch").start()


@contextlib.contextmanager
def _run_lock(directory: Path) -> Iterator[None]:
    """Two processes never work on one run.

    The worker of a sweep that was killed and started again at once waits here for the
    last moments of its predecessor.
    """
    with open(directory / LOCK, "a+") as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise StoreError("another process is still at work on this run") from error
                time.sleep(0.02)
        yield


def _failed(directory: Path, reason: str, excess: Excess | None = None) -> int:
    try:
        note_failure(directory, reason, state=excess.state if excess else "failed",
                     allowed=excess.allowed if excess else None)
    except OSError as error:
        return EXIT_FULL if is_full(error) else EXIT_FAILED
    return EXIT_FAILED


def _end_over_limit(directory: Path, excess: Excess) -> None:
    _say(f"error: {excess.reason}")
    os._exit(_failed(directory, excess.reason, excess))  # files appear by rename


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the log's disk may be full
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
