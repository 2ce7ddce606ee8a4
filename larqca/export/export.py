"""``larqca export``: from a finished run or a model file to a directory that says all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from larqca.errors import ConfigError, ExportError
from larqca.export.c99.emit import emit_c99
from larqca.export.describe import describe
from larqca.export.directory import check_out, write_directory
from larqca.export.host import Case, interpret_case, seed_case
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.judge import check_compiler, judge
from larqca.export.manifest import (
    PROGRAM,
    c99_memory,
    mac_facts,
    program_facts,
    vectors_as_json,
)
from larqca.export.program import Program
from larqca.export.program_file import program_as_bytes
from larqca.export.size import check_size, grid_size
from larqca.export.targets import FLATBUFFER_TARGETS, Target
from larqca.export.wasm import emit_wasm
from larqca.footprint.memory import readable
from larqca.sweep.files import file_sha256, read_json_mapping
from larqca.sweep.outcome import CONFIG, MODEL, PROVENANCE, model_is_whole, read_outcome

if TYPE_CHECKING:
    from larqca.automata.neural_ca import NeuralCA

Array = npt.NDArray[Any]

VECTOR_STEPS = 64
_ODD_SIZES = ((5, 7), (1, 9))


@dataclass(frozen=True)
class Options:
    """What an export can be told.

    Attributes:
        target: "c99", "wasm32" for the same and WebAssembly, "program" for the integer
            program alone, or one of `larqca.export.flatbuffer.build`, for which state_bits,
            activation_bits, rounding and prefix mean nothing.
        state_bits: 8 or 16, of each word of the state.
        activation_bits: 8 or 16, of inputs that are not binarized.
        fire: "random" at the automaton's rate, or "all" live cells at every step.
        rounding: "nearest" or "stochastic", of what is added to the state.
        seed: of the fire masks, 32 bits.
        max_height, max_width: the largest grid, for flatbuffers the only one; None: that of
            the pictures.
        prefix: of the C names.
        images: how many test images judge what rounding costs (0: none; only with C and
            tflite-int8).
    """

    target: Target = "c99"
    state_bits: int = 16
    activation_bits: int = 8
    fire: Literal["random", "all"] = "random"
    rounding: Literal["nearest", "stochastic"] = "nearest"
    seed: int = 0
    max_height: int | None = None
    max_width: int | None = None
    prefix: str = "automaton"
    images: int = 0


def export(
    source: Path,
    out: Path,
    options: Options = Options(),
    *,
    data: str | None = None,
    data_dir: str | None = None,
    import_quantizers: bool = False,
) -> str:
    """Export a run's directory or a model file; the same run gives the same bytes.

    Args:
        source: a finished run, or a model file.
        out: the directory to write; an earlier export there is replaced.
        options: see `Options`.
        data: data set whose training pictures calibrate the words; by default the run's.
        data_dir: where tensorflow-datasets keeps its data.
        import_quantizers: allow the model to import a user's own quantizers.

    Returns:
        A few lines for people.

    Raises:
        LarqcaError: something cannot be used; nothing was written then.
    """
    check_out(out)
    _check_for_target(options)
    check_size(options.max_height, options.max_width)
    if options.images and options.target in ("c99", "wasm32"):
        check_compiler()
    model_file, provenance = find_model(source)
    name = data or (read_json_mapping(source / CONFIG) or {}).get("data")
    if not isinstance(name, str):
        raise ConfigError("whose pictures shall calibrate the words? name a data set with --data "
                          "(digits, mnist, fashion_mnist)")
    from larqca.automata.calibration import CALIBRATION_PICTURES
    from larqca.automata.model_file import load_model
    from larqca.data import load

    model = load_model(model_file, import_quantizers=import_quantizers)
    dataset = load(name, data_dir)
    images = dataset.train_images[:CALIBRATION_PICTURES]
    origin = {"model_sha256": file_sha256(model_file), "run": provenance, "data": name}
    tests = dataset.test_images[: options.images], dataset.test_labels[: options.images]
    if options.target in FLATBUFFER_TARGETS:
        from larqca.export.flatbuffer.export import export_flatbuffers

        return export_flatbuffers(model, images, out, options, origin, tests=tests)
    from larqca.export.lower import lower

    program = lower(
        model, images, state_bits=options.state_bits, activation_bits=options.activation_bits,
        seed=options.seed, fire=options.fire, rounding=options.rounding,
    )
    return export_program(model, program, images, out, options, origin, tests=tests)


def _check_for_target(options: Options) -> None:
    if options.target not in FLATBUFFER_TARGETS:
        return
    for name in ("state_bits", "activation_bits", "rounding", "prefix"):
        if getattr(options, name) != getattr(Options, name):
            raise ConfigError(f"--{name.replace('_', '-')} is for integer programs, and "
                              f"--target {options.target} is none; leave it out")


def export_program(
    model: NeuralCA, program: Program, images: Array, out: Path, options: Options,
    origin: Mapping[str, Any], *, tests: tuple[Array, Array] | None = None,
) -> str:
    """Write what belongs to a program. See `export`.

    Args:
        model: what it was lowered from.
        program: the program.
        images: grey ``[pictures, height, width]``, for sizes and test vectors.
        out: the directory to write.
        options: see `Options`.
        origin: what the manifest shall say of where the model came from.
        tests: test images and their labels, to judge what lowering costs.
    """
    height, width = grid_size(options.max_height, options.max_width, images)
    judged = options.images if options.target != "program" else 0
    chosen = {**asdict(options), "max_height": height, "max_width": width, "images": judged}
    cases = _vectors(program, images, height, width)
    content: dict[str, Any] = {
        "origin": origin,
        "options": chosen,
        "program": program_facts(program),
        "macs_per_cell_and_step": mac_facts(program, model.layout),
        "test_vectors": vectors_as_json(
            cases, [interpret_case(Interpreter(program), case) for case in cases]),
    }
    files: dict[str, bytes] = {}
    lines = [describe(program)]
    if options.target != "program":
        c = emit_c99(program, max_height=height, max_width=width, prefix=options.prefix)
        files = {f"{options.prefix}.h": c.header.encode(), f"{options.prefix}.c": c.source.encode()}
        content["memory"] = c99_memory(c, model.layout, chosen)
        theoretical = content["memory"]["theoretical_bytes"]
        lines = [f"{out / options.prefix}.c: constants of {readable(c.constant_bytes)} "
                 f"(in theory {readable(theoretical)}), {readable(c.arena_bytes)} of memory for "
                 f"grids up to {height} x {width}"]
        if tests is not None and len(tests[0]):
            content["metrics"] = _judged(model, program, tests, options.prefix)
            lines += metric_lines(content["metrics"])
    if options.target == "wasm32":
        files |= emit_wasm(program, c, prefix=options.prefix, max_height=height, max_width=width)
        lines.append(f"{out / options.prefix}.wasm: {len(files[f'{options.prefix}.wasm']):,} bytes")
    write_directory(out, {**files, PROGRAM: program_as_bytes(program)}, content)
    return "\n".join(lines)


def _judged(model: NeuralCA, program: Program, tests: tuple[Array, Array], prefix: str) -> Any:
    """Metrics on grids of the test images' own size, whatever the export's largest is."""
    images, labels = tests
    height, width = images.shape[1:]
    c = emit_c99(program, max_height=height, max_width=width, prefix=prefix)
    return judge(model, program, c, prefix, images, labels)


def metric_lines(metrics: Mapping[str, Any]) -> list[str]:
    """What lowering cost, for people."""
    lines = [f"{metrics['images']:,} test images, Keras to integers, cells % / agreement %:"]
    for step, before in metrics["keras"].items():
        shown = [f"{100 * each['cell_accuracy']:.1f} / {100 * each['agreement']:.1f}"
                 for each in (before, metrics["integers"][step])]
        lines.append(f"  step {step}: {' to '.join(shown)}")
    return lines


def find_model(source: Path) -> tuple[Path, Any]:
    """The model file of a run's directory, or the file itself; and the run's provenance.

    Raises:
        ExportError: there is no model, or the run is not finished, or was changed since.
    """
    if not source.is_dir():
        if not source.exists():
            raise ExportError(f"{source}: there is no such run or model file")
        return source, None
    outcome = read_outcome(source)
    if outcome.state != "done":
        reason = f": {outcome.reason}" if outcome.reason else ""
        raise ExportError(f"{source}: is no finished run, it is {outcome.state}{reason}")
    if not model_is_whole(source):
        raise ExportError(f"{source / MODEL}: is missing, or not the one that the run's result was "
                          "taken from; run the sweep again to redo it")
    facts = {"name": source.name, "config": read_json_mapping(source / CONFIG),
             "provenance": read_json_mapping(source / PROVENANCE)}
    return source / MODEL, facts


def _vectors(program: Program, images: Array, height: int, width: int) -> list[Case]:
    """Pictures of the data as far as they fit, and two small grids of random bytes."""
    pictures = [grey_bytes(image)[:height, :width] for image in images[:2]]
    rng = np.random.default_rng(program.seed)
    for rows, columns in _ODD_SIZES:
        size = (min(rows, height), min(columns, width))
        pictures.append(rng.integers(0, 256, size).astype(np.uint8))
    return [
        seed_case(program, np.ascontiguousarray(grey), seed=(program.seed + number) % 2**32,
                  steps=VECTOR_STEPS)
        for number, grey in enumerate(pictures)
    ]
