"""Explanation of one head: its trace, its steps, the arithmetic of one weight."""
