"""Training: the loop, the pool of states, optimizers, checkpoints that resume bit for bit."""
