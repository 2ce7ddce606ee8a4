"""Tables of what a sweep gave, read from its directory alone. Imports no TensorFlow."""
