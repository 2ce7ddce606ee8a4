"""Whether an address of MLflow's can be used, found out in seconds.

Asked of MLflow itself, a server that does not answer costs minutes of retries, and a
database that cannot be made half a minute and a page of text.
"""

from __future__ import annotations

import os
from pathlib import Path

from larqca.tracking.publish import TrackingError

SQLITE = "sqlite:///"
SECONDS_TO_ANSWER = 5
_MAGIC = b"SQLite format 3\0"


def check_address(address: str) -> None:
    """Raises TrackingError if it is no address, or nothing that works is there."""
    if "://" not in address:
        raise TrackingError(f"{address}: is not an address; write http://HOST:PORT for a server "
                            f"or {SQLITE}FILE for a local database")
    file = sqlite_file(address)
    if file is not None:
        _check_file(file)
    elif address.startswith(("http://", "https://")):
        _check_server(address)


def sqlite_file(address: str) -> Path | None:
    """The file of a local database; None for any other address."""
    if not address.startswith(SQLITE):
        return None
    return Path(address.removeprefix(SQLITE)).absolute()


def _check_file(file: Path) -> None:
    if not file.parent.is_dir():
        raise TrackingError(f"{file}: cannot be made: there is no directory {file.parent}")
    if not file.exists():
        if not os.access(file.parent, os.W_OK | os.X_OK):
            raise TrackingError(f"{file}: cannot be made: {file.parent} is not writable")
        return
    if not file.is_file() or not os.access(file, os.R_OK | os.W_OK):
        raise TrackingError(f"{file}: is not a file that can be written")
    with open(file, "rb") as stream:
        start = stream.read(len(_MAGIC))
    if start and start != _MAGIC:
        raise TrackingError(f"{file}: is not an SQLite database; choose another file")


def _check_server(address: str) -> None:
    import requests

    try:
        # Any answer will do: a server that wants a password is there.
        requests.get(address, timeout=SECONDS_TO_ANSWER, allow_redirects=False, stream=True).close()
    except (requests.RequestException, ValueError) as error:
        why = "no answer" if isinstance(error, requests.Timeout) else "cannot be reached"
        raise TrackingError(f"{address}: {why}; is the server running? "
                            "(mlflow server --port 5000, of the package mlflow)") from error
