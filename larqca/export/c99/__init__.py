"""Programs as C99; `emit` is where it begins."""
