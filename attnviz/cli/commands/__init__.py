"""The commands: one file each, a function of the same name."""
