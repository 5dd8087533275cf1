"""Patterns of keys by the kind of their token: punctuation, delimiters, pieces of one word."""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import category

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.core.words import word_numbers
from attnviz.measures.once_per_map import once_per_text

# Marks that end a sentence or a clause, in Latin, Greek, Arabic, Devanagari, Chinese, Japanese.
CLAUSE_ENDS = frozenset(".,;:!?…·؟،؛।。、，；：！？｡")
SEPARATORS = frozenset(("[SEP]", "</s>", "<sep>", "<eos>", "<|endoftext|>", "<|im_end|>", "[EOS]"))
LINE_BREAK = "⏎"  # of a label


def is_punctuation(token: Token) -> bool:
    """Whether all characters of a token are Unicode punctuation (categories P*)."""
    label = token.label
    return not token.special and label != "" and all(category(c)[0] == "P" for c in label)


def is_delimiter(token: Token) -> bool:
    """Whether a token ends a segment, a sentence, a clause or a line."""
    if token.special or token.piece in SEPARATORS:
        return token.piece in SEPARATORS
    label = token.label
    return label != "" and all(c in CLAUSE_ENDS or c == LINE_BREAK for c in label)


@once_per_text
def punctuation_keys(amap: AttentionMap) -> BoolArray:
    """Punctuation as keys of queries that are none.    -> [query, key]"""
    return keys_of_kind(amap, is_punctuation)


@once_per_text
def delimiter_keys(amap: AttentionMap) -> BoolArray:
    """Delimiters as keys of queries that are none.    -> [query, key]"""
    return keys_of_kind(amap, is_delimiter)


def keys_of_kind(amap: AttentionMap, is_of_kind: Callable[[Token], bool]) -> BoolArray:
    """Keys of a kind, for the queries that are not of that kind.    -> [query, key]"""
    queries, keys = (
        np.array([is_of_kind(token) for token in tokens], dtype=bool)
        for tokens in (amap.queries, amap.keys)
    )
    return np.logical_not(queries)[:, None] & keys


@once_per_text
def same_word_keys(amap: AttentionMap) -> BoolArray:
    """The other pieces of the query's own word.    -> [query, key]"""
    n_earlier = len(amap.keys) - len(amap.queries)
    if n_earlier < 0 or amap.queries != amap.keys[n_earlier:]:
        return np.zeros((len(amap.queries), len(amap.keys)), dtype=bool)
    words = np.array(word_numbers(amap.keys))
    same = words[n_earlier:, None] == words
    return same & (np.arange(len(words)) != n_earlier + np.arange(len(amap.queries))[:, None])
