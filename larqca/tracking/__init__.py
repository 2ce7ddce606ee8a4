"""Sweeps in other people's tools: reads a store and publishes it; never trains."""

from larqca.tracking.publish import Published, publish

__all__ = ["Published", "publish"]
