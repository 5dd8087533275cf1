"""Every setting of every family's config with hostile values, one at a time.

The suite runs a sample; more of them run for the seconds of ATTNVIZ_SOAK, all in about 150.
"""

import itertools
import json
import random
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from attnviz.errors import AttnvizError, AttnvizWarning
from attnviz.sources.checkpoint.config_keys import CONFIG_KEYS
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.describe import describe
from attnviz.sources.model.generate import generate
from tests.checkpoints.settings import ROPE_SETTINGS
from tests.fuzz.loop import case_numbers
from tests.sources.reference import FOLDERS, MODELS, attend_unrecorded, encoding_of_ids

SAMPLE = 120
TEXT = encoding_of_ids([2, 9, 8, 3])
VALUES = (
    *(None, True, False, "", "x", "12", "x" * 9999, [], [1], [[]], [None] * 9, {}, {"a": 1}),
    *(["full_attention"] * 9, [[["global"], 10**12]], [["a", "b"]], {"rope_type": []}),
    *(-(10**400), -(2**70), -3, -1, 0, 1, 2, 3, 41, 10**9, 2**31, 2**63, 10**400),
    *(-0.5, 0.0, 1e-300, 0.3, 2.0, 1e300, float("inf"), float("-inf")),
)
# Settings that no checkpoint of the tests has.
EXTRA_KEYS = (
    *("rope_scaling", "rope_parameters", "rope_theta", "partial_rotary_factor", "layer_types"),
    *("sliding_window", "max_window_layers", "use_sliding_window", "quantization_config"),
    *("global_attn_every_n_layers", "original_max_position_embeddings", "eos_token_id"),
    *("decoder_start_token_id", "bos_token_id", "layer_pattern"),
)
# Other words with which a message may name a setting.
OTHER_NAMES = {
    "model_type": ("without a model_type", "not supported"),
    "rope_scaling": ("rope_type", "factor"),
    "rope_parameters": ("rope_type", "factor"),
    "partial_rotary_factor": ("one per rotated pair",),
    "head_dim": ("of head dim",),
    "num_attention_heads": ("one per rotated pair",),
    "full_attention": ("rope_type", "factor"),
    "sliding_attention": ("rope_type", "factor"),
    "num_layers": ("encoder_layers",),
    "text_config": ("is missing",),
}


def base_configs() -> Iterator[tuple[str, str, dict]]:
    """Name, folder and config of each checkpoint, and of each of the RoPE references."""
    for folder in FOLDERS:
        config = json.loads((MODELS / folder / "config.json").read_text())
        yield folder, folder, config
        for path in sorted((MODELS / folder).glob("*.npz")):
            if path.stem in ROPE_SETTINGS:
                settings = json.loads(str(np.load(path)["config"]))
                scaled = {k: v for k, v in config.items() if k != "rope_parameters"}
                yield f"{folder}-{path.stem}", folder, scaled | {"rope_theta": 1e4} | settings


def all_cases() -> list[tuple[str, str, str, dict]]:
    """Name, folder, changed key, and config of each case."""
    cases = []
    for name, folder, config in base_configs():
        for key, value in itertools.product(dict.fromkeys((*config, *EXTRA_KEYS)), VALUES):
            cases.append((f"{name} {key}", folder, key, config | {key: value}))
        for key in ("rope_scaling", "rope_parameters"):
            inner = config.get(key) or {}
            for inner_key, value in itertools.product(inner, VALUES):
                changed = config | {key: inner | {inner_key: value}}
                cases.append((f"{name} {key}.{inner_key}", folder, inner_key, changed))
    return cases


def outcome(path) -> str:
    """What a checkpoint says: "runs", or its refusal. Other exceptions are raised."""
    try:
        checkpoint = open_checkpoint(str(path))
        describe(checkpoint)
        target = None
        if len(checkpoint.stacks) > 1:
            checkpoint.tokens_of_ids([checkpoint.start_id])
            target = TEXT
        hidden = checkpoint.run(TEXT, attend_unrecorded, target=target)
        assert np.isfinite(hidden).all()
        if "decoder" in checkpoint.stacks and checkpoint.config.is_causal:
            generate(checkpoint, TEXT, 1, attend_unrecorded)
    except AttnvizError as error:
        return str(error)
    return "runs"


def is_clear(message: str, key: str) -> bool:
    """Whether a refusal is one short line that names the setting."""
    names = (key, *OTHER_NAMES.get(key, ()))
    aliases = next((keys for keys in CONFIG_KEYS.values() if key in keys), ())
    if message.startswith("the text has") or "generated ones are" in message:
        return "n_position" in key or "max_position" in key or "factor" in key
    if message.startswith(("tensor '", "the checkpoint has no tensor '")):
        return True  # possible, but not with these tensors
    named = any(name in message for name in (*names, *aliases))
    return named and "\n" not in message and len(message) < 600


@pytest.fixture
def linked(tmp_path):
    """A function that links a checkpoint's files and writes its config; the folder."""

    def save(folder: str, config: dict):
        path = tmp_path / folder
        if not path.exists():
            path.mkdir()
            for file in (MODELS / folder).iterdir():
                if file.name != "config.json":
                    (path / file.name).symlink_to(file)
        text = json.dumps(config).replace("-Infinity", "-1e999").replace("Infinity", "1e999")
        (path / "config.json").write_text(text)
        return path

    return save


def test_hostile_values_are_used_or_refused_by_name(linked):
    cases = all_cases()
    random.Random(1).shuffle(cases)
    faults = []
    for _, (name, folder, key, config) in zip(case_numbers(SAMPLE), cases, strict=False):
        path = linked(folder, config)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", AttnvizWarning)
            try:
                message = outcome(path)
            except Exception as error:  # what the test looks for
                message = f"{type(error).__name__}: {error}"
        if message != "runs" and not is_clear(message, key):
            faults.append(f"{name}: {message:.200}")
    assert not faults, f"{len(faults)}:\n" + "\n".join(faults)


def test_a_missing_start_names_both_of_its_settings(linked):
    config = json.loads((MODELS / "plbart" / "config.json").read_text())
    path = linked("plbart", config | {"bos_token_id": None, "decoder_start_token_id": None})
    assert "decoder_start_token_id is missing, and bos_token_id" in outcome(path)


def test_an_unclear_refusal_is_found():
    assert is_clear("config.json: pad_token_id = -3 should be …", "pad_token_id")
    assert not is_clear("list index out of range", "pad_token_id")
    assert not is_clear("pad_token_id\n", "pad_token_id")
