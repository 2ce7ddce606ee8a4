"""Tools that not every machine has: `make toolchains` installs those that are no packages."""

import glob
import importlib.util
import os
import shutil

import pytest


def need(*tools):
    """Skip where one is missing; fail with LARQCA_REQUIRE_TOOLCHAINS=1 (set by .ci/run)."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        _missing(f"needs {', '.join(missing)}: make toolchains")


def path_of(tool):
    """Where a tool that was needed is."""
    return shutil.which(tool)


def need_package(module, extra):
    """The same for a Python package of an optional extra."""
    if importlib.util.find_spec(module) is None:
        _missing(f"needs {module}: pip install 'larqca[{extra}]'")


def faketime():
    """The library that shows a process another time than the machine's."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        _missing("needs libfaketime: make toolchains")
    return found[0]


def _missing(reason):
    if os.environ.get("LARQCA_REQUIRE_TOOLCHAINS") == "1":
        pytest.fail(f"{reason}, and LARQCA_REQUIRE_TOOLCHAINS=1")
    pytest.skip(reason)
