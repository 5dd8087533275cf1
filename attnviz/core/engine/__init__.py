"""Engine: the formula over arrays, in blocks, and the collectors of its results."""
