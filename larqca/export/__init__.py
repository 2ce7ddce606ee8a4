"""Export: a trained automaton becomes integer code that computes the same states anywhere.

`program` is the plain data, `interpret` its meaning, `lower` makes it of a Keras model,
`c99` emits it, `verify` proves an export. `flatbuffer` goes another way: to files with a
state in floating point for the Larq Compute Engine and TensorFlow Lite. Only that, `kernels`,
`levels` and `lower` need TensorFlow.
"""
