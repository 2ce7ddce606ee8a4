"""What a model costs: bits, bytes and multiply-accumulates, from its layout alone."""
