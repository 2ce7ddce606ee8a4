"""The command line: thin calls of the Python API."""
