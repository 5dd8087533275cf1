"""Settings of a tokenizer.json that make tokens random, drop some or add some."""

from __future__ import annotations

import pytest

from attnviz.errors import AttnvizWarning
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.sources.documents import TEXT, bert_document, bpe_document


def test_dropout_is_switched_off_with_a_note(saved):
    path = saved(bpe_document(dropout=1.0))
    with pytest.warns(AttnvizWarning, match="has a BPE dropout, .* it is switched off") as notes:
        tokenizer = find_tokenizer(path)
    assert len(notes) == 1 and "\n" not in str(notes[0].message)
    assert {tokenizer.encode("abab").ids for _ in range(20)} == {(2, 2)}


@pytest.mark.parametrize("dropout", [None, 0.0])
def test_no_dropout_has_no_note(saved, dropout):
    assert find_tokenizer(saved(bpe_document(dropout=dropout))).encode("ab").ids == (2,)


def test_truncation_and_padding_are_not_obeyed(saved):
    truncation = {"max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    padding = {
        "strategy": {"Fixed": 10**9},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    path = saved(bert_document(truncation=truncation, padding=padding))
    assert find_tokenizer(path).encode(TEXT).ids == (1, 3, 4, 8, 2)
