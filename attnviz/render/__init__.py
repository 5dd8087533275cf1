"""Renderers: pure functions from a map and a style to bytes or a rich renderable."""
