"""One step of exported automata: on this machine beside TensorFlow Lite and the Larq Compute
Engine, and in instructions on emulated Cortex-M processors. Prints one JSON line.

The weights of the automata with one plane are random: neither time nor bytes ask for them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measure import median_seconds
from peers import CMSIS_NN, HERE, cmsis_nn

from larqca import NeuralCA, build_run_config, layout_of
from larqca.automata.model_file import load_model
from larqca.errors import ExportError
from larqca.export.boards import BOARDS, INSTALL, emulate, link_flags
from larqca.export.c99.emit import CSource, emit_c99
from larqca.export.c99.layer import CLayer
from larqca.export.deployed import object_bytes
from larqca.export.flatbuffer.build import STEP, build
from larqca.export.flatbuffer.machine import open_machine
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.lower import lower
from larqca.export.program import Program

Row = dict[str, Any]

ONE_BIT = {"kernel_quantizer": "ste_sign", "kernel_planes": 1}
BINARY = {**ONE_BIT, "input_quantizer": "ste_sign", "input_planes": 1}
RANDOM: dict[str, dict[str, Any]] = {
    "fully binary": {"preset": "distill", "perceive": BINARY, "update": BINARY},
    "one-bit kernels, 8-bit activations":
        {"preset": "distill", "perceive": ONE_BIT, "update": ONE_BIT},
    "fully binary, compact": {"preset": "compact", "perceive": BINARY, "update": BINARY},
}
TRAINED = {
    "one-bit kernels in five planes (MNIST)": "mnist_one_bit.npz",
    "fully binary, five planes (MNIST)": "mnist_binary.npz",
}
FLAGS = {
    "-O2": ("-O2",),
    "-O3 -march=x86-64-v3": ("-O3", "-march=x86-64-v3"),
    "-O3 -march=native": ("-O3", "-march=native"),
}
PICTURES, BOARD_PICTURES, BOARD_STEPS = 20, 4, 10
# QEMU's boards count 25 million ticks a second, and with -icount a billion instructions.
INSTRUCTIONS_A_TICK = 40


def random_automaton(settings: dict[str, Any]) -> NeuralCA:
    """An automaton of this configuration whose weights are all random."""
    model = NeuralCA(layout_of(build_run_config(settings)), seed=0)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        shape = variable.shape
        variable.assign(variable + rng.normal(0.0, 0.02, shape).astype(np.float32))
    return model


def automata() -> dict[str, NeuralCA]:
    """What is measured, by name."""
    models = HERE.parent / "reports" / "models"
    return {
        **{name: random_automaton(settings) for name, settings in RANDOM.items()},
        **{name: load_model(models / file) for name, file in TRAINED.items()},
    }


def macs_a_step(program: Program, pictures: np.ndarray, steps: int) -> float | None:
    """Binary multiply-accumulates of a step: each of a pair of planes counts as one. None
    where the C of a layer multiplies, so that it has none."""
    if not all(CLayer(layer, layer.name).by_ones for layer in program.layers):
        return None
    machine = Interpreter(program)
    grid = machine.start(pictures, seeds=range(len(pictures)))
    fired = 0
    for grid.step in range(steps):
        fired += int(machine.firing(grid).sum())
    cell = sum(layer.rows * layer.outputs * layer.weights.terms * layer.weights.bits
               * (layer.source.digits if layer.source.kind == "codes" else 8)
               for layer in program.layers)
    return cell * fired / steps / len(pictures)


def write_sources(folder: Path, source: CSource, pictures: np.ndarray) -> None:
    """The automaton and its pictures, for the C programs beside this file."""
    (folder / "automaton.h").write_text(source.header)
    (folder / "automaton.c").write_text(source.source)
    rows = ",\n".join("{" + ", ".join(map(str, picture.ravel())) + "}" for picture in pictures)
    (folder / "pictures.h").write_text(
        f"#define PICTURES {len(pictures)}u\n"
        f"static const unsigned char pictures[][28 * 28] = {{\n{rows}\n}};\n")


def run(command: list[Any]) -> list[float]:
    """The numbers that a command prints."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def popcount_limit(folder: Path) -> tuple[float, float]:
    """Binary MACs a second at best, and seconds of a cycle."""
    run(["gcc", *FLAGS["-O3 -march=native"], HERE / "popcount_limit.c", "-o", folder / "limit"])
    found = [run([folder / "limit"]) for _ in range(3)]
    return max(pair[0] for pair in found), min(pair[1] for pair in found)


def c_seconds(folder: Path, compiler: str, flags: tuple[str, ...]) -> float:
    """Seconds of a step of the C in a folder."""
    run([compiler, *flags, "-I", folder, HERE / "time_step.c", folder / "automaton.c", "-o",
         folder / "time"])
    return run([folder / "time"])[0]


def peer_seconds(model: NeuralCA, target: Any, images: np.ndarray) -> float:
    """Seconds of a step of a flatbuffer on one thread."""
    content = build(model, target, 28, 28, images).files[STEP]
    machine = open_machine(content, target, threads=1, indirect=True)
    channels = model.layout.state_channels + 1
    state = np.random.default_rng(0).random((1, 28, 28, channels), np.float32)
    fire = np.ones((1, 28, 28, 1), np.float32)
    machine(state, fire)
    if target == "lce":
        return median_seconds(lambda: machine(state, fire))["seconds"]
    return median_seconds(machine.interpreter.invoke)["seconds"]


def on_this_machine(images: np.ndarray) -> list[Row]:
    """A step of each automaton in C, beside its peers, on one thread."""
    pictures = grey_bytes(images[:PICTURES])
    plain = random_automaton({"preset": "distill"})
    peers = {"float, TensorFlow Lite": (plain, "tflite"),
             "8 bits, TensorFlow Lite": (plain, "tflite-int8"),
             "fully binary, Larq Compute Engine":
                 (random_automaton(RANDOM["fully binary"]), "lce")}
    rows: list[Row] = [
        {"automaton": name, "by": "", "us a step": 1e6 * peer_seconds(model, target, images[-64:])}
        for name, (model, target) in peers.items()]
    tflite, engine = rows[0]["us a step"], rows[2]["us a step"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        limit, cycle = popcount_limit(folder)
        for automaton, model in automata().items():
            program = lower(model, images[-64:])
            write_sources(folder, emit_c99(program), pictures)
            macs = macs_a_step(program, pictures, 50)
            builds = [("gcc", flags) for flags in FLAGS]
            if shutil.which("clang"):
                builds.append(("clang", "-O3 -march=native"))
            for compiler, flags in builds:
                seconds = c_seconds(folder, compiler, FLAGS[flags])
                row: Row = {"automaton": automaton, "by": f"{compiler} {flags}",
                            "us a step": 1e6 * seconds}
                if macs is not None:
                    row |= {"binary MACs a cycle": macs / seconds * cycle,
                            "% of popcount limit": 100 * macs / seconds / limit}
                rows.append(row)
    for row in rows:
        row["times TFLite float"] = tflite / row["us a step"]
        row["times LCE"] = engine / row["us a step"]
    return rows


def board_instructions(folder: Path, processor: tuple[str, ...], flags: str) -> float:
    """Instructions of a step on an emulated MPS2 board, compiled for a processor."""
    board = BOARDS["cortex-m4"]
    if shutil.which(board.compiler) is None:
        raise ExportError(f"there is no {board.compiler} on this machine; {INSTALL}")
    run([board.compiler, *link_flags(board), *processor, *flags.split(), "-std=c99", "-I", folder,
         HERE / "count_instructions.c", folder / "automaton.c", "-o", folder / "count.elf"])
    ticks = int(emulate("cortex-m4", folder / "count.elf", "-icount", "shift=0")[0])
    return ticks * INSTRUCTIONS_A_TICK / BOARD_STEPS / BOARD_PICTURES


def cmsis_nn_rows(folder: Path) -> list[Row]:
    """The same network in 8 bits by CMSIS-NN, if its sources can be had."""
    sources = cmsis_nn()
    if sources is None:
        return []
    board, found = BOARDS["cortex-m4"], {}
    files = [file for part in ("Convolution", "NNSupport")
             for file in sorted((sources / "Source" / f"{part}Functions").glob("*.c"))
             if not file.stem.endswith(("_f16", "_f32"))]
    for flags in ("-O2", "-Os"):
        run([board.compiler, *link_flags(board), *board.processor, flags, "-w",
             "-ffunction-sections", "-Wl,--gc-sections", "-I", sources / "Include",
             HERE / "cmsis_nn.c", *files, "-o", folder / "cmsis.elf"])
        if flags == "-O2":
            printed = emulate("cortex-m4", folder / "cmsis.elf", "-icount", "shift=0")[0]
            ticks, constants, memory = map(int, printed.split())
        else:
            listed = subprocess.run([f"{board.target}-nm", "-S", folder / "cmsis.elf"],
                                    capture_output=True, text=True, check=True).stdout
            functions = [line.split() for line in listed.splitlines() if " T arm_" in line]
            found = {"code (-Os)": sum(int(each[1], 16) for each in functions)}
    return [{"automaton": f"8 bits, all cells, CMSIS-NN {CMSIS_NN[1]}", "state": "8 bits",
             "cortex-m4: instructions": ticks * INSTRUCTIONS_A_TICK,
             **found, "constants": constants, "RAM": memory}]


def on_boards(images: np.ndarray) -> list[Row]:
    """Instructions of a step on Cortex-M4 and Cortex-M0, and bytes on the Cortex-M4."""
    pictures, rows = grey_bytes(images[:BOARD_PICTURES]), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for automaton, model in automata().items():
            for bits in (16, 8):
                program = lower(model, images[-64:], state_bits=bits)
                source = emit_c99(program)
                write_sources(folder, source, pictures)
                macs = macs_a_step(program, pictures, BOARD_STEPS)
                row: Row = {"automaton": automaton, "state": f"{bits} bits"}
                for cpu in ("cortex-m4", "cortex-m0"):
                    processor = (f"-mcpu={cpu}", "-mthumb")
                    count = board_instructions(folder, processor, "-O2")
                    row[f"{cpu}: instructions"] = round(count)
                    row[f"{cpu}: binary MACs an instruction"] = (
                        None if macs is None else macs / count)
                held = object_bytes(source)
                assert held is not None  # Instructions were counted with the same compiler.
                row |= {"code (-Os)": held.code, "constants": held.constants,
                        "RAM": source.arena_bytes, "stack arrays": source.stack_bytes}
                rows.append(row)
        rows += cmsis_nn_rows(folder)
    return rows


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", required=True, help="npz with 28 x 28 images")
    parser.add_argument("--what", choices=("machine", "boards"), required=True)
    given, _ = parser.parse_known_args()
    with np.load(given.images) as arrays:
        images = arrays["images"]
    if images.shape[1:] != (28, 28):
        # The embedded digits, three times as large and with a rim of two.
        images = np.pad(images.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
    try:
        measured = {"machine": on_this_machine, "boards": on_boards}[given.what](images)
    except ExportError as error:
        raise SystemExit(f"{given.what} is left out: {error}") from error
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
