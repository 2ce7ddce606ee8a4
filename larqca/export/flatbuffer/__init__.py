"""Automata as flatbuffers, for the Larq Compute Engine and for TensorFlow Lite."""
