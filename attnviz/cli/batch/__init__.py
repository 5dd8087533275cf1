"""Batch processing: many sentences, one result each."""
