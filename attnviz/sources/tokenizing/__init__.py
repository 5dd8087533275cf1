"""Tokenizers: text to tokens, and what is shown of a token."""
