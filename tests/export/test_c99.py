"""The C computes what the program means, bit for bit, and nothing but that.

These tests need gcc, and fail where there is none.
"""

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from larqca.errors import ExportError
from larqca.export.c99.constants import Constant, bit_stream, bit_words, signed, unsigned
from larqca.export.c99.emit import emit_c99
from larqca.export.host import WARNINGS, Case, compare, seed_case
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.program import (
    Affine,
    CodeInput,
    Codes,
    Layer,
    Program,
    Ramp,
    Steps,
    ToCodes,
    ToState,
    ToWords,
    Weights,
    Words,
)
from larqca.export.verify import check_source
from tests.export.cases import EVERY, INPUTS
from tests.export.helpers import random_cases, tiny_program, whole_pictures
from tests.export.random_programs import random_program

SANITIZERS = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
HEIGHT, WIDTH = 7, 9


def write(directory, program, **options):
    c = emit_c99(program, **{"max_height": HEIGHT, "max_width": WIDTH, **options})
    prefix = options.get("prefix", "automaton")
    (directory / f"{prefix}.h").write_text(c.header)
    (directory / f"{prefix}.c").write_text(c.source)
    return c


def sized_cases(program, steps=3):
    """The largest grid, thin ones, odd ones, and one that nobody lives in."""
    cases = random_cases(program, 4, HEIGHT, WIDTH, steps=steps)
    for number, size in enumerate([(1, 1), (1, WIDTH), (HEIGHT, 1), (5, 3), (2, 2)]):
        cases += random_cases(program, 1, *size, steps=steps, seed=number)
    return [*cases, seed_case(program, np.zeros((3, 3), np.uint8), seed=1, steps=steps)]


@pytest.mark.parametrize("name", EVERY)
def test_every_kind_bit_for_bit_under_the_sanitizers(name, tmp_path):
    # Bits, fire masks and rounding take turns.
    turn = list(EVERY).index(name)
    _, program = tiny_program(
        EVERY[name], state_bits=(16, 8)[turn % 2], activation_bits=(8, 16)[turn // 2 % 2],
        fire_all=turn % 3 == 0, rounding=("nearest", "stochastic")[turn // 3 % 2])
    write(tmp_path, program)
    assert check_source(tmp_path, program, "automaton", sized_cases(program), "gcc", SANITIZERS)


@pytest.mark.parametrize("name", ["one bit", "bnn", "4 bits"])
@pytest.mark.parametrize(
    "flags", [("-O3", "-march=native"), ("-O2", "-DUNPACK=1"), ("-Os", "-funsigned-char")], ids=str)
def test_other_flags(name, flags, tmp_path):
    _, program = tiny_program(EVERY[name], fire_all=False)
    write(tmp_path, program)
    assert check_source(tmp_path, program, "automaton", sized_cases(program), "gcc", flags)


@pytest.mark.parametrize("prefix", ["int", "class", "string", "stdint", "uint8_t", "linux"])
def test_prefixes_that_compilers_know_are_refused(prefix):
    with pytest.raises(ExportError, match=f"'{prefix}' is a name of C.* try my_{prefix}"):
        emit_c99(tiny_program(EVERY["bnn"])[1], prefix=prefix)


# Names that files or functions of ours could have beside it, or structs in it.
@pytest.mark.parametrize("prefix", ["driver", "cases", "weight_bytes", "check", "memory_"])
def test_other_prefixes_compile_as_c_and_as_cpp(prefix, tmp_path):
    _, program = tiny_program(EVERY["4 bits"], fire_all=False)
    write(tmp_path, program, prefix=prefix)
    assert check_source(tmp_path, program, prefix, sized_cases(program))
    (tmp_path / "use.cpp").write_text(f'#include "{prefix}.h"\nstruct {prefix} a;\n')
    subprocess.run(["g++", "-Wall", "-Werror", "-c", "use.cpp"], cwd=tmp_path, check=True)


def test_grids_beyond_32_bits_are_refused():
    program = random_program(1, [4], [4], channels=300)
    with pytest.raises(ExportError, match=r"4096 x 4096 would take [\d,]+ bytes, .* lower max_h"):
        emit_c99(program, max_height=4096, max_width=4096)


def test_the_same_program_gives_the_same_bytes():
    one, other = (emit_c99(tiny_program(EVERY["bnn"])[1]) for _ in range(2))
    assert (one.source, one.header) == (other.source, other.header)


def test_nothing_but_stdint_is_needed(tmp_path):
    """Freestanding: no libc function, no floating point, no data that could be written."""
    for name in ("bnn", "4 bits", "one bit, deep, rank one"):
        _, program = tiny_program(EVERY[name], fire_all=False)
        c = write(tmp_path, program)
        assert re.findall(r"#include (.*)", c.source + c.header) == ['"automaton.h"', "<stdint.h>"]
        assert not re.search(r"\b(float|double|malloc|goto)\b", c.source + c.header)
        subprocess.run(["gcc", *WARNINGS, "-O2", "-ffreestanding", "-mgeneral-regs-only", "-c",
                        "automaton.c"], cwd=tmp_path, check=True)
        symbols = subprocess.run(["nm", "automaton.o"], cwd=tmp_path, check=True,
                                 capture_output=True, text=True).stdout
        kinds = {line.split()[-2]: line.split()[-1] for line in symbols.splitlines()}
        assert not set(kinds) & set("DdBbC")
        assert re.findall(r" U (\w+)", symbols) in ([], ["memcpy"], ["memset"])


MUTATIONS = {
    "weight": r"_weights\S* = \{[^0]*0x([0-9a-f]+)",
    "threshold": r"perceive_0_threshold\[\d+\] = \{\s*(-?\d+)",
    "rounding": r"floor_shift\(accumulators\[c\] \* \S+ \+ \S+, (\d+)u",
    "fire rate": r">> 16\) < (\d+)u",
    "generator": r"value \*= 0x([0-9a-f]+)u",
    "alive": r"AUTOMATON_ALIVE_FROM (\d+)",
}


@pytest.mark.parametrize("part", MUTATIONS)
def test_mutations_are_found(part, tmp_path):
    """One number, and nothing else, is enough."""
    _, program = tiny_program(EVERY["compact bnn"], fire_all=False)
    c = write(tmp_path, program)
    cases = random_cases(program, 12, HEIGHT, WIDTH, steps=4)
    check_source(tmp_path, program, "automaton", cases)
    file = tmp_path / ("automaton.h" if part == "alive" else "automaton.c")
    text = c.header if part == "alive" else c.source
    found = re.search(MUTATIONS[part], text)
    number = found[1]
    base = 16 if "0x" in found[0] else 10
    # A fire rate of one part in 65,536 more wants more cells than a test has.
    step = {"threshold": 2, "alive": 40, "fire rate": 4096}.get(part, 1)
    changed = f"{int(number, base) + step:x}" if base == 16 else str(int(number) + step)
    if base == 16:
        changed = f"{int(number, 16) ^ 1:0{len(number)}x}"
    file.write_text(text[: found.start(1)] + changed + text[found.end(1) :])
    with pytest.raises(ExportError, match=r"after step \d+ the compiled code's state"):
        check_source(tmp_path, program, "automaton", cases)


def test_half_a_word_of_rounding_is_found(tmp_path):
    """The half that rounds to nearest, taken away from one bias."""
    _, program = tiny_program(EVERY["compact bnn"])
    line = program.layers[-1].stage.line
    bias = line.bias.copy()
    bias[0] -= 1 << (line.shift - 1)
    last = replace(program.layers[-1], stage=replace(
        program.layers[-1].stage, line=replace(line, bias=bias)))
    write(tmp_path, replace(program, layers=(*program.layers[:-1], last)))
    with pytest.raises(ExportError, match="after step 1"):
        check_source(tmp_path, program, "automaton",
                     random_cases(program, 4, HEIGHT, WIDTH, steps=4))


def test_votes_are_compared(tmp_path):
    _, program = tiny_program(EVERY["one bit"])
    c = write(tmp_path, program)
    (tmp_path / "automaton.c").write_text(c.source.replace("words[c] > words[best]",
                                                           "words[c] < words[best]"))
    with pytest.raises(ExportError, match="counts the votes"):
        check_source(tmp_path, program, "automaton",
                     random_cases(program, 4, HEIGHT, WIDTH, steps=2))


FUZZ = r"""
#include "automaton.h"
#include <stdlib.h>
#include <string.h>
int main(void)
{
    uint32_t random = 1, winner, votes[AUTOMATON_CLASSES];
    for (int round = 0; round < 400; round++) {
        struct automaton *a = malloc(sizeof *a);
        unsigned char *bytes = (unsigned char *)a;
        uint32_t height, width;
        for (size_t i = 0; i < sizeof *a; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (unsigned char)(random >> 24);
        }
        height = (random >> 3) % (AUTOMATON_MAX_HEIGHT + 3u);
        width = (random >> 11) % (AUTOMATON_MAX_WIDTH + 3u);
        uint8_t *picture = malloc(height * width + 1u);
        memset(picture, round, height * width + 1u);
        if (round % 4 == 0) { /* as found, but for what start leaves behind */
            a->ready = READYu; a->height = height; a->width = width;
        } else if (automaton_start(a, picture, height, width, random) != AUTOMATON_OK
                   && height - 1u < AUTOMATON_MAX_HEIGHT && width - 1u < AUTOMATON_MAX_WIDTH) {
            return 1;
        }
        for (size_t i = 0; i < sizeof a->state / sizeof a->state[0]; i++) {
            random = random * 1664525u + 1013904223u;
            memcpy(&a->state[i], &random, sizeof a->state[i]);
        }
        automaton_rollout(a, 2u);
        automaton_show(a, height <= AUTOMATON_MAX_HEIGHT && width <= AUTOMATON_MAX_WIDTH
                       ? picture : 0);
        automaton_step(a);
        automaton_classify(a, votes, &winner);
        free(picture);
        free(a);
    }
    return 0;
}
"""


@pytest.mark.parametrize("name", ["bnn, deep, padded", "4 bits", "clothing", "ternary inputs"])
def test_any_size_and_content_stays_within_the_struct(name, tmp_path):
    _, program = tiny_program(EVERY[name], fire_all=False)
    c = write(tmp_path, program)
    ready = re.search(r"a->ready = (0x\w+)u", c.source)[1]
    (tmp_path / "fuzz.c").write_text(FUZZ.replace("READY", ready))
    subprocess.run(["gcc", "-std=c99", *SANITIZERS, "automaton.c", "fuzz.c", "-o", "fuzz"],
                   cwd=tmp_path, check=True)
    subprocess.run(["./fuzz"], cwd=tmp_path, check=True)


def test_another_picture_under_the_states(tmp_path):
    """`show` is what the interpreter's does."""
    _, program = tiny_program(EVERY["bnn"])
    write(tmp_path, program)
    one, two = grey_bytes(whole_pictures(1, 2, 4, 5))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "automaton.h"\nstatic struct automaton a;\n'
        + "".join(f"static const uint8_t p{n}[] = {{{', '.join(map(str, p.ravel()))}}};\n"
                  for n, p in enumerate((one, two)))
        + "int main(void)\n{\n    automaton_start(&a, p0, 4, 5, 9);\n"
        "    automaton_rollout(&a, 3);\n"
        "    automaton_show(&a, p1);\n    automaton_step(&a);\n"
        "    for (unsigned i = 0; i < 20u * AUTOMATON_CHANNELS; i++)\n"
        "        printf(\"%d \", a.state[i]);\n"
        "    return 0;\n}\n")
    subprocess.run(["gcc", *WARNINGS, "automaton.c", "main.c", "-o", "main"], cwd=tmp_path,
                   check=True)
    words = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True).stdout.split()
    machine = Interpreter(program)
    grid = machine.start(one[None], seeds=[9])
    machine.rollout(grid, 3)
    machine.show(grid, two[None])
    machine.step(grid)
    assert [int(word) for word in words] == grid.state.ravel().tolist()


@pytest.mark.parametrize(("options", "message"), [
    ({"max_height": 0}, "max_height must be from 1"),
    ({"max_width": 5000}, "max_width must be from 1"),
    ({"prefix": "9lives"}, "prefix must be a C name"),
])
def test_arguments_out_of_range(options, message):
    _, program = tiny_program(EVERY["one bit"])
    with pytest.raises(ExportError, match=message):
        emit_c99(program, **options)


def test_another_prefix(tmp_path):
    _, program = tiny_program(INPUTS["bnn"])
    write(tmp_path, program, prefix="digit_ca")
    assert check_source(tmp_path, program, "digit_ca", sized_cases(program))


def test_a_compiler_that_is_missing_or_complains(tmp_path):
    _, program = tiny_program(INPUTS["bnn"])
    c = write(tmp_path, program)
    with pytest.raises(ExportError, match="no C compiler 'no-such-cc'"):
        check_source(tmp_path, program, "automaton", [], "no-such-cc")
    (tmp_path / "automaton.c").write_text(c.source + "\nint x = y;\n")
    with pytest.raises(ExportError, match=r"does not compile automaton.c: .*error"):
        check_source(tmp_path, program, "automaton", [])


def test_bits_are_packed_lowest_first():
    assert bit_words(np.array([1, 0, 1]), 8).tolist() == [5]
    assert bit_words(np.eye(9, dtype=np.int64)[:, [8]], 8).tolist() == [[0], [1]]
    assert bit_stream(np.array([1, 2, 3]), 3).tolist() == [0b11_010_001, 0, 0]


def test_constants_are_written_to_be_read():
    text = unsigned("w", "perceive/0", np.array([[1, 2], [3, 255]]), 8, "weights").text()
    assert text.startswith("/* perceive/0: weights; 2 x 2, 8 bits each, 4 bytes. */\n"
                           "static const uint8_t w[2][2] = {")
    assert "0x01u, 0x02u" in text
    assert signed("b", "x", np.array([-(2**31), 5]), "bias").kind == "int32_t"
    assert "INT32_MIN" in signed("b", "x", np.array([-(2**31), 5]), "bias").text()
    assert signed("b", "x", np.array([2**40]), "bias").text().endswith("INT64_C(1099511627776)\n};")
    assert isinstance(signed("b", "x", np.array([-129]), "bias"), Constant)
    assert signed("b", "x", np.array([-129]), "bias").bytes == 2


def test_cases_that_differ_in_length_are_no_match():
    case = Case(np.zeros((1, 1), np.uint8), np.zeros((1, 1, 3), np.int64), 0, 1)
    assert len(case.bytes()) == 16 + 1 + 6
    from larqca.export.host import Outcome

    one, other = Outcome(("a" * 16,), 3, (0,)), Outcome(("b" * 16,), 3, (0,))
    with pytest.raises(ExportError, match="case 4: after step 1"):
        compare(4, one, other)


def near_the_limit(gain, stage):
    """Sums of 36 codes of 8 bits, from -128 to 127, with weights of 0 or 255 times a gain."""
    codes = Codes(256, 1, -128, 0)
    weights = Weights(np.full((2, 36, 3), 255), 8, 1, 0, np.full((2, 3), gain))
    last = Layer("update/0", 1, 3, 3, Words(0, 255, 0, np.zeros(0, np.int64)),
                 Weights(np.ones((1, 3, 3), np.int64), 1, 2, -1, np.ones((1, 3), np.int64)),
                 ToState(line_of_one(), stochastic=False))
    if isinstance(stage, ToCodes):
        last = replace(last, source=Codes(stage.staircase.levels, 1, 0, 0))
    reader = CodeInput(Ramp(line_of_one(), 256),
                       Ramp(Affine(np.array([1]), np.array([128]), 0), 256))
    return Program(8, 0, 3, 2, 1, 65536, 0, reader, 1,
                   (Layer("perceive/0", 3, 4, 3, codes, weights, stage), last))


def line_of_one():
    return Affine(np.array([1]), np.array([0]), 0)


@pytest.mark.parametrize("stage", [
    ToWords(Affine(np.array([1]), np.array([1 << 22]), 23), 255),
    ToCodes(Ramp(Affine(np.array([1]), np.array([1 << 22]), 23), 100)),
    ToCodes(Steps(np.array([3 * [2**30], 3 * [2**31]]), np.zeros(3, np.int64))),
    ToCodes(Steps(np.array([3 * [-(2**31)]]), np.ones(3, np.int64))),
])
def test_sums_near_32_bits_are_exact_or_refused(stage, tmp_path):
    # Twice 36 x 128 x 255 x gain: the sum, and as much again that C holds elsewhere.
    highest = (2**31 - 2) // (2 * 36 * 128 * 255 * 2)
    program = near_the_limit(highest, stage)
    write(tmp_path, program)
    cases = random_cases(program, 8, HEIGHT, WIDTH, steps=4)
    assert check_source(tmp_path, program, "automaton", cases, "gcc", SANITIZERS) == 32
    with pytest.raises(ExportError, match=r"layer 'perceive/0': C's sums could reach .* 32 bits"):
        emit_c99(near_the_limit(highest + 1, stage))
