"""larqca: train, compare and compress neural cellular automata with Larq quantizers."""

__version__ = "0.1.0"
