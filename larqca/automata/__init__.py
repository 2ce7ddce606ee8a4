"""Automata: perceive and update networks, liveness, and the `NeuralCA` Keras model."""
