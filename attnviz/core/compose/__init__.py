"""Composition: parts that override slots of a mechanism, their grammar, interventions."""
