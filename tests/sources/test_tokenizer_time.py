"""Regular expressions that may take exponential time, and limits of time."""

from __future__ import annotations

from pathlib import Path

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import child_process
from attnviz.sources.tokenizing.regex_cost import is_costly
from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.sources.documents import TEXT, bert_document, split

PLAIN_PATTERNS = [
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+| ?[\p{P}\p{S}]+[\r\n]*|\s+(?!\S)",
    r"(\[[^\]]+]|Br?|Cl?|N|O|\(|\)|\.|=|#|-|\+|\\\\|\/|:|~|@|\?|>|\*|\$|\%[0-9]{2}|[0-9])",
    r"\d{1,3}(?=(?:\d{3})*\b)",
    r"<0x[0-9A-F]{2}>",
    " {2,}",
]
COSTLY_PATTERNS = [
    r"(a+)+b",
    r"(?:a+)+$|((a*)*)*b",
    r".*.*.*=",
    r"(?:.?){20}=",
    r"(a|b+){2}",
    r"(a|a)*b",
    r"((?:a|aa))+b",
    r"(a)\1",
    r"(?x) # [ " + "\n(a+)+",
    r"(?# \) [ )(a+)+\b\B]",
    r"[[](a+)+]",
    r"a{1,100}b{,50}c{3,}",
    r"x|(a|aa)+b",  # after each kind of piece
    r"(x)(a|aa)+b",
    r"\)(a|aa)+b",
    r"[)](a|aa)+b",
    r"x*(a|aa)+b",
    r"x{2,}(a|aa)+b",
    r"x(a|aa)+b",
    r"(?:a|a)*(b)",
    r"(a|b)*(c|d)*(e|f)*",
]


def test_patterns_of_known_tokenizers_are_not_costly():
    assert [p for p in PLAIN_PATTERNS if is_costly(p)] == []


@pytest.mark.parametrize("pattern", COSTLY_PATTERNS)
def test_a_pattern_with_much_backtracking_is_costly(pattern):
    assert is_costly(pattern)


def test_a_text_that_takes_too_long_is_given_up(saved, monkeypatch):
    monkeypatch.setattr(child_process, "TIME_LIMIT", 0.05)
    path = saved(bert_document(pre_tokenizer=split(r".*.*.*\b\B"), normalizer=None))
    tokenizer = find_tokenizer(path)
    for _ in range(2):  # the second text starts another process
        with pytest.raises(
            InvalidInputError, match=r"takes more than 0\.05 s for (its file|this text)"
        ):
            tokenizer.encode("the quick brown fox jumps over the lazy dog and runs away " * 20)


def test_encoding_in_time_is_the_same_as_without_a_limit(saved, monkeypatch):
    path = saved(bert_document(pre_tokenizer=split(r"(?:\w+['’]?)+|\S")))
    long = "the cat sat! " * 100
    limited = [find_tokenizer(path).encode(*texts) for texts in ((long,), (TEXT, "cat !"))]
    library = load_tokenizer(Path(path)).library
    for encoding, texts in zip(limited, ((long,), (TEXT, "cat !")), strict=True):
        assert encoding.ids == tuple(library.encode(*texts).ids)
