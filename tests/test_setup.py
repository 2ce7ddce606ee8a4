"""The files that set the project up agree with each other and with the code."""

from __future__ import annotations

import configparser
import subprocess

import pytest
from packaging.requirements import Requirement
from setuptools import find_packages

import larqca

PYTHONS = ("3.10", "3.11", "3.12")


def lines_of(text: str) -> list[str]:
    """Without comments and empty lines."""
    bare = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in bare if line]


@pytest.fixture(scope="module")
def setup_cfg(project_root):
    parser = configparser.ConfigParser()
    parser.read(project_root / "setup.cfg")
    return parser


@pytest.fixture(scope="module")
def lock(project_root) -> list[Requirement]:
    text = (project_root / "requirements.lock").read_text()
    return [Requirement(line) for line in lines_of(text)]


def test_version_is_that_of_the_package(setup_cfg):
    assert setup_cfg["metadata"]["version"] == "attr: larqca.__version__"
    assert larqca.__version__.count(".") == 2


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_has_one_version_within_bounds_for_every_requirement(setup_cfg, lock, python):
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": "linux",
        "platform_python_implementation": "CPython",
    }
    locked = {}
    for pin in lock:
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pin.name not in locked, f"{pin.name} is locked twice for CPython {python}"
            locked[pin.name] = str(pin.specifier).removeprefix("==")
    asked = lines_of(setup_cfg["options"]["install_requires"])
    asked += lines_of(setup_cfg["options.extras_require"]["dev"])
    for requirement in map(Requirement, asked):
        name = requirement.name.lower().replace("_", "-")
        assert requirement.specifier.contains(locked[name]), f"{requirement}, locked {locked[name]}"


def test_every_requirement_has_a_lower_and_an_upper_bound(setup_cfg):
    for requirement in map(Requirement, lines_of(setup_cfg["options"]["install_requires"])):
        operators = {part.operator for part in requirement.specifier}
        assert operators == {">=", "<"}, str(requirement)


def test_lock_pins_exactly_and_names_no_address(project_root, lock):
    assert "://" not in (project_root / "requirements.lock").read_text()
    assert all(pin.url is None and str(pin.specifier).startswith("==") for pin in lock)


def test_every_folder_with_code_is_installed(project_root):
    folders = {
        ".".join(file.parent.relative_to(project_root).parts)
        for file in (project_root / "larqca").rglob("*.py")
    }
    assert set(find_packages(str(project_root), include=["larqca*"])) == folders


def test_every_file_that_is_no_code_is_installed(setup_cfg, project_root):
    package = project_root / "larqca"
    patterns = lines_of(setup_cfg["options.package_data"]["larqca"])
    installed = {path for pattern in patterns for path in package.glob(pattern)}
    files = {path for path in package.rglob("*") if path.is_file()
             and path.suffix != ".py" and "__pycache__" not in path.parts}
    assert installed == files


def test_make_help_lists_the_targets(project_root):
    done = subprocess.run(["make", "help"], cwd=project_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert listed == {
        "help", "quickstart", "test", "bench", "toolchains", "clean", "lock"
    }


def test_make_says_what_is_missing_without_a_fitting_python(project_root):
    command = ["make", "--always-make", "--no-print-directory"]
    command += [".venv/.installed", "PYTHON=no-such"]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True)
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first.startswith("larqca needs CPython 3.10, 3.11 or 3.12")
    assert "apt-get install python3 python3-venv" in first
