"""Engine: the attention formula over arrays, block by block, and collectors of its results."""
