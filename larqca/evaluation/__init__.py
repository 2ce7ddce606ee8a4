"""Evaluation: the field's metrics by their published definitions, and its protocol."""
