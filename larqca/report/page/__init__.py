"""A sweep as one HTML file that needs nothing beside it. Imports no TensorFlow."""
