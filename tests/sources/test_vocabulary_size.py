"""Vocabularies, merges and added tokens that would take too much memory to load."""

from __future__ import annotations

import json

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import limited_tokenizer, vocabulary_size
from attnviz.sources.tokenizing.tokenizer_json import parse_tokenizer
from attnviz.sources.tokenizing.vocabulary_size import (
    MAX_PIECE,
    MAX_PIECES,
    MAX_STRINGS,
    has_short_strings,
    may_be_unigram,
)
from tests.sources.documents import bert_document
from tests.sources.limited_process import run_limited

UNIGRAM = {"type": "Unigram", "unk_id": 0}
LOAD = """
import sys
from pathlib import Path
from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer
for path in sys.argv[1:]:
    try:
        load_tokenizer(Path(path))
    except InvalidInputError as error:
        print(error)
"""
BPE = '"type": "BPE", "vocab": {"a": 0}, "merges": []'
LIST = '"vocab": [["a", 0.0]]'


def unigram(vocab):
    return bert_document(model=UNIGRAM | {"vocab": vocab})


def load(document):
    return parse_tokenizer(json.dumps(document).encode(), "a file")


def test_a_long_unigram_piece_does_not_overflow_the_stack(tmp_path):
    paths = []
    for i, letter in enumerate('a"\\'):
        vocab = [["<unk>", 0.0], [letter * 300_000, -1.0]]
        paths.append(str(tmp_path / f"{i}.json"))
        (tmp_path / f"{i}.json").write_text(json.dumps(unigram(vocab)))
    done = run_limited(LOAD, *paths)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("a piece of more than 10,000 bytes") == len(paths), done.stdout


@pytest.mark.parametrize("letter", ["a", '\\"', "\\\\", "\\u0061"])
@pytest.mark.parametrize("n_byte", [9_000, 10_002, 60_000])
def test_a_long_string_is_found_in_any_place(letter, n_byte):
    long = letter * (n_byte // len(letter))
    for n_before in (0, 1, 2, 9_999, 123_456):
        words = '"", ' * (n_before // 4) + " " * (n_before % 4)
        content = f'[{words}"{long}", "end", {words}"end"]'.encode()
        assert not has_short_strings(content) or len(long) <= MAX_PIECE


def test_short_strings_are_found_to_be_short():
    assert has_short_strings(json.dumps({f"piece {i}": i for i in range(9999)}).encode())


def test_unigram_pieces_are_limited_together():
    """Each of them is short enough; all of them would take 1.6 GB."""
    vocab = [["<unk>", 0.0], *([f"{i:09000}", -1.0] for i in range(500))]
    with pytest.raises(
        InvalidInputError, match=r"pieces of 4,50\d,\d{3} bytes; at most 4,194,304"
    ):
        load(unigram(vocab))


def test_other_models_may_have_longer_vocabularies():
    pieces = {"[UNK]": 0, **{f"{i:09000}": i + 1 for i in range(500)}}
    model = {"type": "WordLevel", "vocab": pieces, "unk_token": "[UNK]"}
    assert load(bert_document(model=model)).id_to_token(1) == "0" * 9000


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (f'"model": {{{BPE}}}', False),
        (f'"model" : {{ {BPE} }}, "decoder": null', False),
        (f'"model": {{"type": "Unigram", {LIST}}}', True),
        (f'"model": {{{LIST}}}', True),
        (f'"model": {{"type": "\\u0055nigram", {LIST}}}', True),
        (f'"mod\\u0065l": {{{LIST}}}', True),
        (f'"model": {{{BPE}}}, "model": {{{LIST}}}', True),
        (f'"model": {{{BPE}, "type": "Unigram"}}', True),
        ('"added_tokens": []', True),
    ],
)
def test_a_unigram_model_is_found_however_it_is_written(models, expected):
    assert may_be_unigram(f"{{{models}}}".encode()) is expected


def test_the_number_of_strings_is_limited(monkeypatch):
    """Vocabularies and merges: 170 bytes of memory each, of 6 in the file."""
    document = bert_document()
    n_string = json.dumps(document).count('"') // 2
    monkeypatch.setattr(vocabulary_size, "MAX_STRINGS", n_string)
    load(document)
    monkeypatch.setattr(vocabulary_size, "MAX_STRINGS", n_string - 1)
    with pytest.raises(
        InvalidInputError, match=f"has {n_string} strings: .* at most {n_string - 1}"
    ):
        load(document)


def test_the_limits_are_within_the_memory_of_the_process():
    assert 170 * MAX_STRINGS < 2 << 30 and 350 * MAX_PIECES < 2 << 30


def added(content, normalized=False):
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "special"), False)
    return {"id": 90, "content": content, "normalized": normalized, **flags}


def test_added_tokens_are_limited_together():
    tokens = [added(f"{i:09000}") for i in range(500)]
    with pytest.raises(InvalidInputError, match=r"contents of 4,500,000 bytes; at most 4,194,304"):
        load(bert_document(added_tokens=tokens))


def test_added_tokens_are_limited_after_normalization(monkeypatch):
    """NFC counts as three times their length."""
    monkeypatch.setattr(limited_tokenizer, "MAX_PIECES", 6000)
    normalizer = {"type": "NFC"}
    load(bert_document(added_tokens=[added("a" * 3000)], normalizer=normalizer))
    with pytest.raises(InvalidInputError, match="3,000 bytes of text into 9,000; at most 6,000"):
        load(bert_document(added_tokens=[added("a" * 3000, True)], normalizer=normalizer))
