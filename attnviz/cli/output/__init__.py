"""Output of the command line: formats, targets, map writers and the terminal."""
