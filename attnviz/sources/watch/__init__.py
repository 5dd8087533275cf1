"""Attention of a running PyTorch program: calls are intercepted and their weights recomputed."""
