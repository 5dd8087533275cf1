"""Attention with seeded random weights: no model, no training."""
