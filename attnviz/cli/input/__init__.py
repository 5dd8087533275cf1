"""Input of the command line: sentences, records and attention files."""
