"""Compositions: parts in slots, the grammar of the command line, interventions."""
