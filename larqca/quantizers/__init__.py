"""Quantizers by their Larq names, what each costs in bits, and a user's own."""
