"""MLflow's own server, as a program: a folder as argument; prints its address when it listens.

The client package brings the server's code but not the packages of the command
``mlflow server``, so that its application is served by Werkzeug here.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path


def main(folder: Path) -> None:
    """Serve until killed."""
    os.environ |= {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder / 'server.db'}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "served"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    warnings.simplefilter("ignore")
    from mlflow.server import app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
