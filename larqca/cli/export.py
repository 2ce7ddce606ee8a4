"""``larqca export`` and ``larqca verify``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from larqca.cli import debug
from larqca.errors import ConfigError
from larqca.export.targets import TARGETS

_BITS = click.Choice(["8", "16"])


@click.command()
@click.argument("source", metavar="MODEL_OR_RUN", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Directory to write; an earlier export there is replaced.")
@click.option("--target", type=click.Choice(TARGETS), default="c99", show_default=True,
              help="C source, that and WebAssembly, the integer program alone; or flatbuffers: "
                   "for the Larq Compute Engine (fully binary automata), TensorFlow Lite in "
                   "float, or in 8 bits.")
@click.option("--state-bits", type=_BITS, default="16", show_default=True,
              help="Of each word of the state.")
@click.option("--activation-bits", type=_BITS, default="8", show_default=True,
              help="Of inputs that are not binarized.")
@click.option("--fire", type=click.Choice(["random", "all"]), default="random", show_default=True,
              help="At the automaton's own rate, or all live cells in every step.")
@click.option("--rounding", type=click.Choice(["nearest", "stochastic"]), default="nearest",
              show_default=True, help="Of what a step adds to the state.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="Of the fire masks.")
@click.option("--max-height", type=click.IntRange(min=1), metavar="N",
              help="Of the grids; a flatbuffer's only one.  [default: that of the pictures]")
@click.option("--max-width", type=click.IntRange(min=1), metavar="N",
              help="Of the grids.  [default: that of the pictures]")
@click.option("--prefix", default="automaton", show_default=True, help="Of the C names.")
@click.option("--images", type=click.IntRange(min=0), default=200, show_default=True, metavar="N",
              help="Judge Keras and the integers on so many test images, C with the machine's gcc "
                   "(0: do without).")
@click.option("--data", metavar="NAME",
              help="Data set that calibrates words and tests.  [default: the run's own]")
@click.option("--data-dir", metavar="DIR",
              help="Where tensorflow-datasets keeps its data.  [default: $TFDS_DATA_DIR]")
@click.option("--import-quantizers", is_flag=True,
              help="Allow the model to import quantizers of your own, which runs their code.")
@debug.option
def export(
    source: Path, out: Path, data: str | None, data_dir: str | None, import_quantizers: bool,
    state_bits: str, activation_bits: str, **chosen: Any,
) -> int:
    """Turn a finished run, or a model file, into integer code or flatbuffers."""
    from larqca.export.export import Options
    from larqca.export.export import export as write

    options = Options(state_bits=int(state_bits), activation_bits=int(activation_bits), **chosen)
    click.echo(write(source, out, options, data=data, data_dir=data_dir,
                     import_quantizers=import_quantizers))
    return 0


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--random", type=click.IntRange(min=0, max=10**9), metavar="N",
              help="How many random grids beside the test vectors, for C.  [default: 16]")
@click.option("--target", default="host", show_default=True, metavar="NAME",
              help="Where it runs: host, wasm32 (in Node.js), or under QEMU cortex-m0, cortex-m3, "
                   "cortex-m4, cortex-m7 or rv32imac.")
@click.option("--cc", metavar="NAME", help="C compiler of the host.  [default: gcc]")
@click.option("--flags", metavar="TEXT",
              help="For the compiler.  [default: -O2, under QEMU -Os]")
@click.option("--seed", type=click.IntRange(min=0), help="Of the random grids.  [default: 0]")
@click.option("--trace", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the program's state after every step of the test vectors, as .npz.")
@debug.option
def verify(
    directory: Path, random: int | None, target: str, cc: str | None, flags: str | None,
    seed: int | None, trace: Path | None,
) -> int:
    """Compile an export and compare every state with the program's meaning.

    Flatbuffers run in their own interpreter and are compared with what Keras gave.
    """
    from larqca.export.verify import verify as check

    click.echo(check(directory, random=random, target=target, compiler=cc, seed=seed,
                     trace=trace, flags=None if flags is None else _split(flags)))
    return 0


def _split(flags: str) -> list[str]:
    try:
        return shlex.split(flags)
    except ValueError as error:
        raise ConfigError(f"--flags {flags!r}: {error}") from error
