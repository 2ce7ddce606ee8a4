"""Tools that are no Python packages: `make toolchains` installs them."""

import os
import shutil

import pytest


def need(*tools):
    """Skip where one is missing; fail with LARQCA_REQUIRE_TOOLCHAINS=1 (set by .ci/run)."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        reason = f"needs {', '.join(missing)}: make toolchains"
        if os.environ.get("LARQCA_REQUIRE_TOOLCHAINS") == "1":
            pytest.fail(f"{reason}, and LARQCA_REQUIRE_TOOLCHAINS=1")
        pytest.skip(reason)
