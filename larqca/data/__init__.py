"""Data sets of labelled grey images. Importing this imports neither TensorFlow nor scikit-learn."""

from larqca.data.catalog import DATA_SETS, check_available, describe, load, prepare
from larqca.data.dataset import Dataset

__all__ = ["DATA_SETS", "Dataset", "check_available", "describe", "load", "prepare"]
