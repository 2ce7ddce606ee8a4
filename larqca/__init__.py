"""larqca: train, compare and compress neural cellular automata with Larq quantizers."""

import os

# Larq needs Keras 2, which TensorFlow serves only if this is set before its first
# import; `larqca.backend` makes sure that it was.
os.environ["TF_USE_LEGACY_KERAS"] = "1"

__version__ = "0.1.0"
