"""Measures of attention maps: entropy, distance, patterns, differences, validation."""
