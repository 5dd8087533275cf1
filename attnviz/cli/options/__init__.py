"""Command-line options: their table, and how typed values become arguments."""
