"""WebAssembly: the same C compiled for wasm32, and a JavaScript module that runs it.

The module holds one automaton; a page that wants more loads it again.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from larqca.errors import ExportError
from larqca.export.boards import INSTALL
from larqca.export.c99.emit import CSource
from larqca.export.c99.templates import fill
from larqca.export.counter import MULTIPLIERS, WEYL
from larqca.export.host import WARNINGS, Case
from larqca.export.program import Program
from larqca.export.tools import first_error, run_tool

_PAGE = 65536

# No prefix holds a hyphen.
_EXPORTS = "larqca-exports.c"

_EXPORTS_C = """\
/* Written by larqca: what JavaScript may call; one automaton, one picture. No prefix makes
 * names that end like these. */
#include "@prefix@.h"

#define VISIBLE(name) __attribute__((export_name(#name)))

static struct @prefix@ automaton;
static uint8_t picture[@PREFIX@_MAX_HEIGHT * @PREFIX@_MAX_WIDTH];
static uint32_t votes[@PREFIX@_CLASSES + 1u];

VISIBLE(picture) uint8_t *picture_export(void);
VISIBLE(state) int@BITS@_t *state_export(void);
VISIBLE(votes) uint32_t *votes_export(void);
VISIBLE(start) int start_export(uint32_t height, uint32_t width, uint32_t seed);
VISIBLE(show) int show_export(void);
VISIBLE(rollout) int rollout_export(uint32_t steps);
VISIBLE(classify) int classify_export(void);

uint8_t *picture_export(void)
{
    return picture;
}

int@BITS@_t *state_export(void)
{
    return automaton.state;
}

/* The winner stands behind the votes. */
uint32_t *votes_export(void)
{
    return votes;
}

int start_export(uint32_t height, uint32_t width, uint32_t seed)
{
    return @prefix@_start(&automaton, picture, height, width, seed);
}

int show_export(void)
{
    return @prefix@_show(&automaton, picture);
}

int rollout_export(uint32_t steps)
{
    return @prefix@_rollout(&automaton, steps);
}

int classify_export(void)
{
    return @prefix@_classify(&automaton, votes, &votes[@PREFIX@_CLASSES]);
}
"""

_MODULE = """\
// Written by larqca. A neural cellular automaton that classifies the picture its cells
// stand on; types are in @prefix@.d.ts.
//
//     import { load } from "./@prefix@.js";
//     const automaton = await load(await (await fetch("@prefix@.wasm")).arrayBuffer());
//     automaton.start(picture, 28, 28);
//     automaton.rollout(20);
//     const { winner, votes } = automaton.classify();

export const MAX_HEIGHT = @HEIGHT@;
export const MAX_WIDTH = @WIDTH@;
export const CHANNELS = @CHANNELS@;
export const CLASSES = @CLASSES@;
export const CLASS_CHANNELS = @CLASS_CHANNELS@;
export const ALIVE_FROM = @ALIVE_FROM@;
export const SEED = @SEED@;

const PROBLEMS = ["", "a pointer is null", "height or width is zero or beyond its maximum",
  "start was not called"];

function check(problem) {
  if (problem !== 0) {
    throw new RangeError(PROBLEMS[problem] ?? `problem ${problem}`);
  }
}

/** How loudly a cell says a class: of two that share a word, the second by the negative. */
function says(state, first, c) {
  if (CLASS_CHANNELS === CLASSES) {
    return state[first + c];
  }
  return c % 2 === 0 ? state[first + c / 2] : -state[first + (c - 1) / 2];
}

function isCount(value) {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

class Automaton {
  #wasm;
  #height = 0;
  #width = 0;

  constructor(exports) {
    this.#wasm = exports;
  }

  get height() {
    return this.#height;
  }

  get width() {
    return this.#width;
  }

  /** State words, row by row, CHANNELS for each cell; valid until the next call. */
  get state() {
    const count = this.#height * this.#width * CHANNELS;
    return new Int@BITS@Array(this.#wasm.memory.buffer, this.#wasm.state(), count);
  }

  #put(picture, height, width) {
    if (!(picture instanceof Uint8Array || picture instanceof Uint8ClampedArray)
        || picture.length !== height * width) {
      throw new TypeError(`picture must be a Uint8Array of ${height} x ${width} grey bytes`);
    }
    new Uint8Array(this.#wasm.memory.buffer, this.#wasm.picture(), picture.length).set(picture);
  }

  start(picture, height, width, seed = SEED) {
    if (!isCount(seed)) {
      throw new RangeError("seed must be a whole number from 0 to 4294967295");
    }
    if (!isCount(height) || !isCount(width) || height === 0 || width === 0
        || height > MAX_HEIGHT || width > MAX_WIDTH) {
      throw new RangeError(`grids are from 1 x 1 to ${MAX_HEIGHT} x ${MAX_WIDTH}`);
    }
    this.#put(picture, height, width);
    check(this.#wasm.start(height, width, seed));
    this.#height = height;
    this.#width = width;
  }

  show(picture) {
    this.#put(picture, this.#height, this.#width);
    check(this.#wasm.show());
  }

  step() {
    this.rollout(1);
  }

  rollout(steps) {
    if (!isCount(steps)) {
      throw new RangeError("steps must be a whole number from 0 to 4294967295");
    }
    check(this.#wasm.rollout(steps));
  }

  classify() {
    check(this.#wasm.classify());
    const found = new Uint32Array(this.#wasm.memory.buffer, this.#wasm.votes(), CLASSES + 1);
    const winner = found[CLASSES] === CLASSES ? null : found[CLASSES];
    return { winner, votes: Array.from(found.subarray(0, CLASSES)) };
  }

  /** The class that each cell names, row by row; -1 where it is dead. */
  labels() {
    const state = this.state;
    const grey = new Uint8Array(this.#wasm.memory.buffer, this.#wasm.picture(),
      this.#height * this.#width);
    return Int16Array.from(grey, (byte, place) => {
      if (byte < ALIVE_FROM) {
        return -1;
      }
      const first = (place + 1) * CHANNELS - CLASS_CHANNELS;
      let best = 0;
      for (let c = 1; c < CLASSES; c++) {
        if (says(state, first, c) > says(state, first, best)) {
          best = c;
        }
      }
      return best;
    });
  }
}

/** An automaton from the bytes of @prefix@.wasm. */
export async function load(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  return new Automaton(instance.exports);
}
"""

_TYPES = """\
// Written by larqca.

/** Largest grid. */
export const MAX_HEIGHT: number;
export const MAX_WIDTH: number;
/** State words of a cell, the last CLASS_CHANNELS of which name its class. */
export const CHANNELS: number;
export const CLASSES: number;
export const CLASS_CHANNELS: number;
/** A cell is alive where its grey byte is at least this. */
export const ALIVE_FROM: number;
/** Seed of the fire masks unless another is given. */
export const SEED: number;

export interface Verdict {
  /** The class with most votes, null if no cell is alive. */
  winner: number | null;
  /** How many live cells name each class. */
  votes: number[];
}

export interface Automaton {
  readonly height: number;
  readonly width: number;
  /** State words, row by row, CHANNELS for each cell; valid until the next call. */
  readonly state: Int@BITS@Array;
  /** Step 0: a picture of grey bytes, row by row, and zeros. */
  start(picture: Uint8Array | Uint8ClampedArray, height: number, width: number,
    seed?: number): void;
  /** Another picture of the same size under the states. */
  show(picture: Uint8Array | Uint8ClampedArray): void;
  step(): void;
  rollout(steps: number): void;
  classify(): Verdict;
  /** The class that each cell names, row by row; -1 where it is dead. */
  labels(): Int16Array;
}

/** An automaton from the bytes of the .wasm file. */
export function load(bytes: BufferSource): Promise<Automaton>;
"""

# Reads the cases as the C driver does, and prints what it prints.
_RUNNER = """\
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, prefix, file] = process.argv;
const module = await import(pathToFileURL(`${folder}/${prefix}.js`));
const automaton = await module.load(readFileSync(`${folder}/${prefix}.wasm`));
const cases = readFileSync(file);

function mix(value) {
  value ^= value >>> 16;
  value = Math.imul(value, @M0@);
  value ^= value >>> 15;
  value = Math.imul(value, @M1@);
  return (value ^ (value >>> 16)) >>> 0;
}

function hash(state) {
  return [1, 2].map((key) => {
    let sum = 0;
    state.forEach((word, i) => {
      sum = (sum + mix(mix((Math.imul(i, @WEYL@) + key) >>> 0) ^ (word & 0xffff))) >>> 0;
    });
    return sum.toString(16).padStart(8, "0");
  }).join("");
}

for (let at = 0; at < cases.length;) {
  const [height, width, seed, steps] = [0, 4, 8, 12].map((by) => cases.readUInt32LE(at + by));
  at += 16;
  automaton.start(new Uint8Array(cases.subarray(at, at + height * width)), height, width, seed);
  at += height * width;
  const state = automaton.state;
  for (let i = 0; i < state.length; i++, at += 2) {
    state[i] = cases.readInt16LE(at);
  }
  for (let step = 0; step < steps; step++) {
    automaton.step();
    console.log(hash(automaton.state));
  }
  const { winner, votes } = automaton.classify();
  console.log([winner ?? module.CLASSES, ...votes].join(" "));
}
"""


def emit_wasm(program: Program, c: CSource, *, prefix: str, max_height: int, max_width: int,
              compiler: str = "clang") -> dict[str, bytes]:
    """``PREFIX.wasm``, ``PREFIX.js`` and ``PREFIX.d.ts``.

    Args:
        program: for its sizes.
        c: what `emit_c99` made of it.
        prefix: as given to `emit_c99`.
        max_height: likewise.
        max_width: likewise.
        compiler: a clang that knows wasm32, with wasm-ld.

    Raises:
        ExportError: there is no such compiler, or it found something to say.
    """
    names = {
        "prefix": prefix, "PREFIX": prefix.upper(), "BITS": str(program.state_bits),
        "HEIGHT": str(max_height), "WIDTH": str(max_width),
        "CHANNELS": str(program.state_channels), "CLASSES": str(program.classes),
        "CLASS_CHANNELS": str(program.class_channels),
        "ALIVE_FROM": str(program.alive_from), "SEED": str(program.seed),
    }
    if shutil.which(compiler) is None:
        raise ExportError(f"wasm32: there is no {compiler} on this machine; {INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder)
        (build / f"{prefix}.h").write_text(c.header)
        (build / f"{prefix}.c").write_text(c.source)
        (build / _EXPORTS).write_text(fill(_EXPORTS_C, names))
        command = [
            compiler, "--target=wasm32", "-mbulk-memory", *WARNINGS, "-O3", "-nostdlib",
            "-ffreestanding", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--stack-first",
            f"-Wl,-z,stack-size={_stack_bytes(c)}",
            f"{prefix}.c", _EXPORTS, "-o", "automaton.wasm",
        ]
        done = run_tool(command, f"wasm32: {compiler}", folder=build)
        if done.returncode:
            raise ExportError(f"wasm32: {compiler} does not compile {prefix}.c: "
                              f"{first_error(done.stderr)}")
        code = (build / "automaton.wasm").read_bytes()
    return {f"{prefix}.wasm": code, f"{prefix}.js": fill(_MODULE, names).encode(),
            f"{prefix}.d.ts": fill(_TYPES, names).encode()}


def _stack_bytes(c: CSource) -> int:
    """What arrays need and as much again for registers that do not suffice, in whole pages.
    The stack lies below everything else, so that running over it traps."""
    return -(-2 * (c.stack_bytes + 4096) // _PAGE) * _PAGE


def run_in_node(directory: Path, prefix: str, cases: list[Case], build: Path) -> list[str]:
    """What Node.js prints of the cases, line by line, as the C driver would.

    Raises:
        ExportError: there is no Node.js, or it stopped.
    """
    node = shutil.which("node")
    if node is None:
        raise ExportError(f"wasm32: there is no node on this machine; {INSTALL}")
    names = {"M0": hex(MULTIPLIERS[0]), "M1": hex(MULTIPLIERS[1]), "WEYL": hex(WEYL)}
    (build / "runner.mjs").write_text(fill(_RUNNER, names))
    (build / "cases.bin").write_bytes(b"".join(case.bytes() for case in cases))
    # Node takes a .js file for a module where a package says so.
    for name in (f"{prefix}.js", f"{prefix}.wasm"):
        shutil.copy(directory / name, build / name)
    (build / "package.json").write_text('{"type": "module"}')
    command = [node, str(build / "runner.mjs"), str(build), prefix, str(build / "cases.bin")]
    done = run_tool(command, "wasm32: Node.js")
    if done.returncode:
        raise ExportError(f"wasm32: Node.js stopped: {first_error(done.stderr)}")
    return done.stdout.decode(errors="replace").splitlines()
