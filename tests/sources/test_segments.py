"""Segments of a sentence pair: type ids are the model's input, segments label the tokens."""

import json
import shutil

import numpy as np
import pytest

from attnviz import look
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.reference import MODELS, RecordingAttend, encoding_of_ids

PAIR = ("the bird sings in the tree", "she was happy")


@pytest.fixture
def without_type_ids(tmp_path):
    """A BERT whose tokenizer gives type id 0 to both sentences, as XLM-R's tokenizer does."""
    folder = tmp_path / "bert"
    shutil.copytree(MODELS / "bert", folder)
    path = folder / "tokenizer.json"
    settings = json.loads(path.read_text())
    for item in settings["post_processor"]["pair"]:
        next(iter(item.values()))["type_id"] = 0
    path.write_text(json.dumps(settings))
    return str(folder)


def test_type_ids_of_the_tokenizer_are_the_models_input(without_type_ids):
    for folder, is_zero in ((without_type_ids, True), (str(MODELS / "bert"), False)):
        model, attend = open_checkpoint(folder), RecordingAttend()
        encoding = model.encode(*PAIR)
        assert (not any(encoding.type_ids)) == is_zero
        model.run(encoding_of_ids(encoding.ids, encoding.type_ids), attend)
        amap = look(PAIR[0], pair=PAIR[1], model=folder)
        assert np.array_equal(amap.weights, np.stack(attend.weights["self"]))


def test_the_second_sentence_is_a_segment_without_type_ids_too(without_type_ids):
    amap = look(PAIR[0], pair=PAIR[1], model=without_type_ids)
    words = [token for token in amap.queries if not token.special]
    assert [token.segment for token in words] == [0] * 6 + [1] * 3


def test_truncation_keeps_type_ids(without_type_ids):
    for folder in (without_type_ids, str(MODELS / "bert")):
        model = open_checkpoint(folder)
        encoding = model.encode(PAIR[0], " ".join([PAIR[1]] * 20))
        short = model.fit_to_positions(encoding, truncate=True)
        assert len(short.ids) == len(short.type_ids) == len(short.tokens) == 40
        assert short.type_ids == (*encoding.type_ids[:39], encoding.type_ids[-1])


def test_special_tokens_are_of_the_segment_that_the_tokenizer_gives_them():
    """The last [SEP] ends the second sentence."""
    tokens = open_checkpoint(str(MODELS / "bert")).encode(*PAIR).tokens
    first = [token.piece for token in tokens].index("[SEP]") + 1
    expected = [0] * first + [1] * (len(tokens) - first)
    assert [token.segment for token in tokens] == expected and tokens[-1].piece == "[SEP]"
