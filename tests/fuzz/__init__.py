"""Fuzzers: mutated files, tokenizers and command lines; `make fuzz SECONDS=60` runs them long."""
