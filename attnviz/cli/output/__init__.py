"""Output of the command line: formats, targets, sinks and the terminal."""
