"""Mutants: known faults as one-line patches, each of which a test must notice."""
