"""Two sweeps side by side, and whether the second is worse. Reads stores and tables alone."""

from larqca.report.compare.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
