"""The example firmware builds, runs on an emulated board, and knows its digits."""

import os
import re
import shutil
import subprocess

import pytest

from larqca.export.verify import verify

TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "make")


def need_tools():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        reason = f"needs {', '.join(missing)}: make toolchains"
        if os.environ.get("LARQCA_REQUIRE_TOOLCHAINS") == "1":
            pytest.fail(f"{reason}, and LARQCA_REQUIRE_TOOLCHAINS=1")
        pytest.skip(reason)


def test_the_firmware_knows_its_digits(project_root, tmp_path):
    need_tools()
    folder = shutil.copytree(project_root / "examples" / "firmware", tmp_path / "firmware")
    printed = subprocess.run(["make", "-C", str(folder)], check=True, capture_output=True,
                             text=True, timeout=300).stdout
    right, digits = map(int, re.search(r"(\d+) of (\d+) right", printed).groups())
    assert digits == 20
    assert right >= 19


def test_its_automaton_is_what_the_program_means(project_root):
    automaton = project_root / "examples" / "firmware" / "automaton"
    assert "the same states" in verify(automaton, random=2)
