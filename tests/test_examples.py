"""The example firmware builds, runs on an emulated board, and knows its digits."""

import re
import shutil
import subprocess

from larqca.export.verify import verify
from tests.toolchains import need


def test_the_firmware_knows_its_digits(project_root, tmp_path):
    need("arm-none-eabi-gcc", "qemu-system-arm", "make")
    folder = shutil.copytree(project_root / "examples" / "firmware", tmp_path / "firmware")
    printed = subprocess.run(["make", "-C", str(folder)], check=True, capture_output=True,
                             text=True, timeout=300).stdout
    right, digits = map(int, re.search(r"(\d+) of (\d+) right", printed).groups())
    assert digits == 20
    assert right >= 19


def test_its_automaton_is_what_the_program_means(project_root):
    automaton = project_root / "examples" / "firmware" / "automaton"
    assert "the same states" in verify(automaton, random=2)
