"""The public functions: one file a function, the same for Python and the command line."""
