"""A pretrained model: its checkpoint opened, described and run in NumPy."""
