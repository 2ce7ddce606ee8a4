"""The environments of the peers: one virtual environment each, under `.bench/`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".bench"
CMSIS_NN = ("https://github.com/ARM-software/CMSIS-NN", "v7.0.0")


def python_of(peer: str) -> str:
    """The interpreter of a peer's environment, which is made if it is not there.

    Args:
        peer: names `requirements-<peer>.txt` beside this file.

    Raises:
        subprocess.CalledProcessError: it cannot be installed.
    """
    requirements = HERE / f"requirements-{peer}.txt"
    folder = FOLDER / peer
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        print(f"setting up {peer} in {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)]
        subprocess.run(pip, check=True)
        stamp.write_text(requirements.read_text())
    return str(python)


def cmsis_nn() -> Path | None:
    """CMSIS-NN's sources, which are cloned if they are not there; None where they cannot be."""
    url, version = CMSIS_NN
    folder = FOLDER / "CMSIS-NN"
    if not folder.exists():
        command = ["git", "clone", "--quiet", "--depth", "1", "--branch", version, url]
        if subprocess.run([*command, str(folder)]).returncode:
            return None
    return folder
