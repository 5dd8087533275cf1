"""Normalizers, pre-tokenizers and decoders that could make a text too long."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from tokenizers import normalizers

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.tokenizer_growth import FACTORS, read_steps
from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer, tokens_of_ids
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.sources.documents import DOUBLE, added, bert_document, sequence
from tests.sources.limited_process import run_limited

ENCODE = """
import sys
from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import child_process
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
child_process.TIME_LIMIT = 0.3
for path in sys.argv[1:]:
    try:
        print(len(find_tokenizer(path).encode("the cat sat").ids))
    except InvalidInputError as error:
        print(error)
"""


# Each step multiplies the length of the text: no machine is fast enough for all of them.
GROWING = {
    "replace": {"normalizer": sequence("normalizers", *[DOUBLE] * 40)},
    "no type": {"normalizer": {"normalizers": [{**DOUBLE, "type": None}] * 40}},
    "byte level": {"normalizer": sequence("normalizers", *[{"type": "ByteLevel"}] * 40)},
    "metaspace": {
        "pre_tokenizer": sequence(
            "pretokenizers",
            *[
                {"type": "Metaspace", "replacement": mark, "prepend_scheme": "always"}
                for mark in "▁□" * 30
            ],
        )
    },
    "added token": {
        "normalizer": sequence("normalizers", *[DOUBLE] * 40),
        "added_tokens": [added("aaa")],
    },
}


@pytest.fixture
def save_each(tmp_path):
    """A function that writes documents to files and returns their paths."""

    def save(documents):
        paths = [tmp_path / f"{i}.json" for i, _ in enumerate(documents)]
        for path, document in zip(paths, documents, strict=True):
            path.write_text(json.dumps(document))
        return [str(path) for path in paths]

    return save


def test_growing_steps_do_not_end_the_process(save_each):
    paths = save_each([bert_document(**changes) for changes in GROWING.values()])
    done = run_limited(ENCODE, *paths)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, (done.stderr, lines)
    refused = [line for line in lines if " more than " in line or "at most" in line]
    assert len(lines) == len(refused) == len(paths), lines


def test_steps_that_add_a_fixed_length_are_applied(saved):
    long = {"type": "Prepend", "prepend": "x" * 9_000}
    path = saved(bert_document(normalizer=sequence("normalizers", *[long] * 20)))
    first, *rest = find_tokenizer(path).encode("the cat").tokens[1:-1]
    assert (first.piece, first.end) == ("[UNK]", 3)
    assert [token.piece for token in rest] == ["cat"]


def test_steps_that_could_grow_but_do_not_are_applied(saved):
    path = saved(bert_document(normalizer=sequence("normalizers", *[DOUBLE] * 40)))
    assert [t.piece for t in find_tokenizer(path).encode("the!").tokens][1:-1] == ["the", "!"]


@pytest.mark.parametrize("text", ["a word " * 3, "ﷺ " * 2000, "Ünïcödé 中文 " * 2000])
def test_steps_of_real_tokenizers_are_not_refused(saved, text):
    """ALBERT's: its factors multiply to more than 1,000, its texts grow by less than 11."""
    steps = (
        {"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
        {"type": "NFKD"},
        {"type": "StripAccents"},
        {"type": "Lowercase"},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    )
    path = saved(bert_document(normalizer=sequence("normalizers", *steps)))
    assert find_tokenizer(path).encode(text).ids


def test_growing_decoders_are_refused(saved):
    path = saved(bert_document(decoder=sequence("decoders", *[DOUBLE] * 40)))
    with pytest.raises(InvalidInputError, match=r"decoder could turn 3 bytes"):
        tokens_of_ids(load_tokenizer(Path(path)), [4])


# Characters that grow the most in some form: compatibility, musical signs, capitals, spaces.
CHARACTERS = [*map(chr, range(0xD800)), *map(chr, range(0xE000, 0x20000))]
MOST = ("ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD")


@pytest.mark.parametrize("kind", [*MOST, "BertNormalizer", "Nmt", "StripAccents"])
def test_the_factor_of_a_normalizer_is_the_most_that_a_character_grows(kind):
    factor = FACTORS["normalizer"][kind]
    normalize = getattr(normalizers, kind)().normalize_str
    texts = [c for c in CHARACTERS if unicodedata.normalize("NFKD", c) != c or c.lower() != c]
    growth = max(
        len(normalize(text).encode()) / len(text.encode())
        for text in [*texts, *map(chr, range(0x180)), "中", "\u200b"]
    )
    assert growth <= factor
    assert kind not in MOST or growth > factor - 1


@pytest.mark.parametrize(
    ("step", "factor"),
    [
        ({"type": "Replace", "pattern": {"String": "ab"}, "content": "12345"}, 3),
        ({"type": "Replace", "pattern": {"String": "ab"}, "content": "1"}, 1),
        ({"type": "Replace", "pattern": {"String": "é"}, "content": "1234"}, 2),
        ({"type": "Replace", "pattern": {"String": ""}, "content": "1234"}, 5),
        ({"type": "Replace", "pattern": {"Regex": "a"}, "content": "1234"}, 5),
        ({"type": "Replace", "pattern": "a", "content": "1234"}, 5),
        ({"type": "Prepend", "prepend": "é1"}, 4),
        ({"type": "Strip"}, 1),
        ({"type": "Precompiled", "precompiled_charsmap": "AAAAAGFiYwBhAA=="}, 3),
        ({"type": "NFC"}, 3),
        ({}, 11),
    ],
)
def test_the_factor_of_a_step_is_that_of_its_keys(step, factor):
    (read,) = read_steps("normalizer", {"normalizer": step})
    assert (read.path, read.factor) == ("normalizer", factor)
