"""generation_config.json is followed as transformers does, or refused or noted by key.

The ids of transformers are in tests/models/generation.json (tests/checkpoints/generation.py).
"""

import json
import shutil

import pytest

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.generate import generate
from attnviz.sources.model.generation_config import OTHER_METHODS, SAMPLING
from tests.sources.reference import MODELS, attend_unrecorded, encoding_of_ids
from tests.sources.weight_samples import IDS

TABLE = json.loads((MODELS / "generation.json").read_text())
N_NEW = 12


@pytest.fixture
def saved(tmp_path):
    """A function that saves a checkpoint with a generation_config.json and opens it."""

    def save(name, settings, config=None):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(MODELS / name, folder)
        if settings is not None:
            (folder / "generation_config.json").write_text(json.dumps(settings))
        values = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(values | (config or {})))
        return open_checkpoint(str(folder))

    return save


@pytest.mark.parametrize("name", TABLE)
def test_generated_ids_are_those_of_transformers(saved, name):
    for row in TABLE[name]:
        model = saved(name, row["settings"])
        expected = row["ids"]
        ends = [i for i, n in enumerate(expected) if n in model.eos_ids]
        expected = expected[: ends[0]] if ends else expected
        assert generate(model, encoding_of_ids(IDS), N_NEW, attend_unrecorded) == expected, row


def test_settings_change_the_generated_ids():
    """The table would show nothing if all of its rows were the same."""
    for name, rows in TABLE.items():
        assert len({tuple(row["ids"]) for row in rows}) > 5, name


def test_settings_in_config_json_count_without_the_file(saved):
    plain = generate(saved("llama", None), encoding_of_ids(IDS), 6, attend_unrecorded)
    config = {"bad_words_ids": [[plain[1]]]}
    without_file = saved("llama", None, config)
    assert plain[1] not in generate(without_file, encoding_of_ids(IDS), 6, attend_unrecorded)
    with_file = saved("llama", {}, config)
    assert generate(with_file, encoding_of_ids(IDS), 6, attend_unrecorded) == plain


@pytest.mark.parametrize("key", SAMPLING)
def test_settings_of_sampling_are_noted_where_they_act(saved, key):
    generate(saved("gpt2", {key: 0.5}), encoding_of_ids(IDS), 1, attend_unrecorded)
    model = saved("gpt2", {"do_sample": True, key: 0.5})
    with pytest.warns(AttnvizWarning, match=f"does not follow do_sample, {key} of"):
        generate(model, encoding_of_ids(IDS), 1, attend_unrecorded)


@pytest.mark.parametrize("key", OTHER_METHODS)
def test_other_decoding_methods_are_noted(saved, key):
    for greedy in OTHER_METHODS[key]:
        generate(saved("gpt2", {key: greedy}), encoding_of_ids(IDS), 1, attend_unrecorded)
    model = saved("gpt2", {key: 2})
    with pytest.warns(AttnvizWarning, match=f"greedy decoding does not follow {key} of"):
        generate(model, encoding_of_ids(IDS), 1, attend_unrecorded)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eos_token_id": [3, -1]}, "eos_token_id = -1 should be an integer from 0"),
        ({"no_repeat_ngram_size": "2"}, 'no_repeat_ngram_size = "2" should be an integer from 0'),
        ({"repetition_penalty": 0}, "repetition_penalty = 0 should be a number above 0"),
        ({"bad_words_ids": [[]]}, "bad_words_ids = .* should be a list of lists"),
        ({"bad_words_ids": [3]}, "bad_words_ids = 3 should be a list of lists"),
        ({"min_length": True}, "min_length = true should be an integer"),
        ({"suppress_tokens": [2.5]}, "suppress_tokens = 2.5 should be an integer from -1"),
    ],
)
def test_invalid_settings_are_refused_with_file_and_key(saved, settings, message):
    with pytest.raises(InvalidInputError, match=rf"^generation_config\.json: {message}"):
        generate(saved("gpt2", settings), encoding_of_ids(IDS), 1, attend_unrecorded)


def test_a_forced_token_that_the_model_lacks_is_refused(saved):
    model = saved("bart", {"forced_bos_token_id": 100})
    with pytest.raises(InvalidInputError, match="forced_bos_token_id = 100 should be below"):
        generate(model, encoding_of_ids(IDS), 1, attend_unrecorded)
