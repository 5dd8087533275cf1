"""Tokenizers: text to tokens and token ids, and the labels of tokens."""
