"""The configuration of one run: its schema, presets, and canonical form."""
