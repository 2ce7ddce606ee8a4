"""What all tests share: the data beside the project, threads, warnings' limits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# Read by TensorFlow when it starts, in subprocesses too: tests are small, and machines
# that run them have other things to do. Keras 2 needs no help, `larqca.backend` sees to it.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
# No test may depend on what its user happens to have prepared.
os.environ.pop("TFDS_DATA_DIR", None)

# The same examples every time; no deadline, as the first call may import TensorFlow.
settings.register_profile("larqca", derandomize=True, deadline=None)
settings.load_profile("larqca")


def _shared(path: str) -> Path:
    """A path beside the project; where it is missing, skip, or fail if it is required.

    LARQCA_REQUIRE_SHARED=1 (set by .ci/run where the folder exists) turns skips into
    failures, so that nothing goes untested unnoticed.
    """
    found = PROJECT_ROOT.parent / "shared" / path
    if not found.exists():
        reason = f"needs ../shared/{path}, which is not there"
        if os.environ.get("LARQCA_REQUIRE_SHARED") == "1":
            pytest.fail(f"{reason}, and LARQCA_REQUIRE_SHARED=1")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder with setup.cfg, sweeps/ and README.md."""
    return PROJECT_ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Data that lies beside the project on some machines and is no part of it."""
    return _shared("")


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """A data_dir of tensorflow-datasets with MNIST and Fashion-MNIST, whole."""
    return _shared("tensorflow_datasets")


@pytest.fixture(scope="session")
def reference_weights() -> Path:
    """The published weights of "Self-classifying MNIST Digits", as one JSON file."""
    return _shared("reference/distill_mnist_l2_noise.tfjs.json")
