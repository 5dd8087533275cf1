"""The public functions, one file each, shared by Python users and the command line."""
