"""Checkpoints on disk or on the Hub: config, files and tensors."""
