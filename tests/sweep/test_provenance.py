"""Machines are told apart where their processors' speed differs."""

import platform
from pathlib import Path

import pytest

from larqca.sweep.provenance import processor

X86 = """\
processor\t: 0
model name\t: A Processor
flags\t\t: {}

processor\t: 1
model name\t: Another
"""


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("fpu avx avx2 avx512f avx512_bf16", "A Processor (AVX-512)"),
        ("fpu avx avx2 fma", "A Processor (AVX2)"),
        ("fpu avx", "A Processor (AVX)"),
        ("fpu sse2", "A Processor"),
    ],
)
def test_the_widest_vectors_are_part_of_a_processors_name(
    tmp_path: Path, flags: str, name: str
) -> None:
    (tmp_path / "cpuinfo").write_text(X86.format(flags))
    assert processor(tmp_path / "cpuinfo") == name


def test_arm_names_no_model_and_calls_its_flags_features(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nFeatures\t: fp asimd crc32\n")
    machine = platform.processor() or platform.machine()
    assert processor(tmp_path / "cpuinfo") == f"{machine} (NEON)"


def test_a_system_without_cpuinfo_still_has_a_name(tmp_path: Path) -> None:
    assert processor(tmp_path / "none") == (platform.processor() or platform.machine())
