"""Which part of a tokenizer.json is read before the library reads it."""

from __future__ import annotations

import json

import pytest

from attnviz.sources.tokenizing import child_process
from attnviz.sources.tokenizing.tokenizer_settings import read_before_model
from tests.sources.documents import DOUBLE, assert_refused, bert_document, sequence


def test_settings_are_read_up_to_the_model():
    document = bert_document()
    settings = read_before_model(json.dumps(document))
    assert {**settings, "model": document["model"]} == document


@pytest.mark.parametrize("key", ['"normalizer"', r'"norm\u0061lizer"', '"decoder" \n'])
def test_a_setting_after_the_model_is_read_too(key):
    text = json.dumps(bert_document())[:-1] + f", {key}: {{}}}}"
    assert read_before_model(text) is None


def test_a_growing_normalizer_after_the_model_is_refused(tmp_path, monkeypatch):
    """The library takes the last of two."""
    document = bert_document()
    del document["normalizer"]
    growing = json.dumps(sequence("normalizers", *[DOUBLE] * 40))
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(document)[:-1] + f', "norm\\u0061lizer": {growing}}}')
    monkeypatch.setattr(child_process, "TIME_LIMIT", 0.3)
    assert_refused(
        str(path), "takes more than 0.3 s for (its file|this text)|needs more than 2 GB"
    )


def test_a_vocabulary_may_contain_the_names_of_settings():
    vocab = {"normalizer": 0, "decoder": 1, '"normalizer": {': 2, "[UNK]": 3}
    text = json.dumps({"normalizer": None, "model": {"type": "WordLevel", "vocab": vocab}})
    assert read_before_model(text) == {"normalizer": None}
