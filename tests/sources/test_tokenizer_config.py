"""tokenizer_config.json: what contradicts tokenizer.json is noted, and changes nothing."""

import json
import shutil

import pytest

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.reference import MODELS


@pytest.fixture
def encode(tmp_path):
    """A function that encodes a text by a checkpoint with these settings."""

    def encode(name, settings, text="the cat sat"):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(MODELS / name, folder)
        content = settings if isinstance(settings, str) else json.dumps(settings)
        (folder / "tokenizer_config.json").write_text(content)
        return open_checkpoint(str(folder)).encode(text).ids

    return encode


BOS = {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False}}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("llama", BOS | {"add_bos_token": True, "add_eos_token": False}),
        ("t5", BOS | {"add_eos_token": True}),
        ("llama", {"add_bos_token": False}),  # which token it is, is not stated
        ("llama", BOS | {"add_bos_token": "no"}),
        ("bert", {"do_lower_case": True}),  # nothing to lower in this text
        ("bert", {}),
    ],
)
def test_settings_that_agree_are_not_noted(encode, name, settings):
    assert encode(name, settings) == encode(name, {})


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("llama", BOS | {"add_bos_token": False}, "add_bos_token = false, but .* adds '<s>'"),
        ("llama", BOS | {"add_eos_token": True}, "add_eos_token = true, but .* does not add"),
        ("gpt2", BOS | {"add_bos_token": True}, "add_bos_token = true, but .* does not add '<s>'"),
        ("t5", BOS | {"add_eos_token": False}, "add_eos_token = false, but .* adds '</s>'"),
    ],
)
def test_contradictions_are_noted_and_tokenizer_json_is_followed(encode, name, settings, message):
    plain = encode(name, {})
    with pytest.warns(AttnvizWarning, match=rf"^tokenizer_config\.json: {message}"):
        assert encode(name, settings) == plain


def test_upper_case_that_should_be_lowered_is_noted(encode):
    with pytest.warns(AttnvizWarning, match="do_lower_case = true, but tokenizer.json keeps"):
        encode("bert", {"do_lower_case": True}, "[UNK] The cat")


def test_an_unknown_token_is_not_upper_case(encode):
    assert encode("bert", {"do_lower_case": True}, "the Zebra") == encode("bert", {}, "the Zebra")


def test_a_damaged_file_is_refused_by_name(encode):
    with pytest.raises(InvalidInputError, match=r"tokenizer_config\.json"):
        encode("llama", "[1")
