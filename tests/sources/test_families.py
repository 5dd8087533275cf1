"""Every model family against its reference: all layers, all heads, three inputs."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.positions import Rope
from attnviz.core.variants import find_variant
from attnviz.errors import ShapeError
from attnviz.sources.families import FAMILIES
from attnviz.sources.families.slots import Layer
from tests.checkpoints.settings import ROPE_SETTINGS
from tests.sources.reference import (
    FOLDERS,
    MODELS,
    RecordingAttend,
    attend_unrecorded,
    cases,
    encoding_of_ids,
    max_difference,
    open_model,
)

ROWS = tuple(FAMILIES)
TOLERANCE = 1e-6
HIDDEN_TOLERANCE = 1e-5
DECODERS = [family.name for family in ROWS if family.kind == "decoder"]
NO_WINDOW = 0  # in transformers, what turns a sliding window off
EXPLICIT_KEYS = ("rope_parameters", "layer_types", "attention_layers", "attention_types")
GPT_OSS_YARN = {
    "factor": 32.0,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "truncate": False,
    "original_max_position_embeddings": 4096,
}
OLD_KEYS = {
    "modernbert": (
        ["rope_parameters", "layer_types"],
        {"global_rope_theta": 160000.0, "local_rope_theta": 10000.0}
        | {"global_attn_every_n_layers": 3},
    ),
    "gpt_neox": (["rope_parameters"], {"rotary_pct": 0.5, "rotary_emb_base": 10000}),
    "gpt_neo": (
        ["attention_layers"],
        {"attention_types": [[["global", "local"], 1], [["local"], 1]]},
    ),
    "gemma2": (["rope_parameters", "layer_types"], {"rope_theta": 10000.0}),
    "gemma3_text": (
        ["rope_parameters", "layer_types"],
        {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "sliding_window_pattern": 3},
    ),
    "gemma": (
        ["rope_parameters", "hidden_act"],
        {"rope_theta": 10000.0, "hidden_act": "gelu", "hidden_activation": None},
    ),
    "llama": (["rope_parameters"], {"rope_theta": 10000.0, "rope_scaling": None}),
    "phi3": (["rope_parameters"], {"rope_scaling": {"type": "default"}}),
    "gemma3": (
        ["rope_parameters", "layer_types"],
        {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "sliding_window_pattern": 3},
    ),
    "mixtral": (["rope_parameters", "head_dim"], {"rope_theta": 1e6}),
    "qwen2_moe": (["rope_parameters", "layer_types"], {"rope_theta": 10000.0}),
    "qwen3_moe": (["rope_parameters", "mlp_only_layers"], {"rope_theta": 10000.0}),
    "olmoe": (["rope_parameters"], {"rope_theta": 10000.0, "rope_scaling": None}),
    "phimoe": (["rope_parameters"], {"rope_theta": 1e6, "rope_scaling": None}),
    "gpt_oss": (
        ["rope_parameters", "layer_types"],
        {"rope_theta": 150000, "rope_scaling": {"type": "yarn", **GPT_OSS_YARN}},
    ),
    "olmo3": (
        ["rope_parameters"],
        {
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 10,
            },
        },
    ),
    "granitemoe": (["rope_parameters"], {"rope_theta": 10000.0, "rope_scaling": None}),
    "bloom": (["hidden_size"], {"n_embed": 24}),
    "deberta-v2": (["pos_att_type"], {"pos_att_type": "p2c|c2p"}),
    "mt5": (["dense_act_fn", "is_gated_act"], {}),
}
ROPE_REFERENCES = sorted(p for p in MODELS.glob("*/*.npz") if p.stem in ROPE_SETTINGS)


def assert_agrees(checkpoint, path):
    """Compare all weights and the last hidden states of a reference."""
    for name, text, target, wanted in cases(path):
        seen = RecordingAttend()
        hidden = checkpoint.run(text, seen, target=target)
        assert set(seen.weights) == set(checkpoint.attentions)
        for kind, weights in seen.weights.items():
            assert max_difference(np.stack(weights), wanted[kind]) <= TOLERANCE, (name, kind)
        last = wanted["hidden" if target is None else "decoder_hidden"]
        assert max_difference(hidden, last) <= HIDDEN_TOLERANCE * np.abs(last).max(), name


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_every_family_has_a_checkpoint(family):
    config = json.loads((MODELS / family.name / "config.json").read_text())
    assert config["model_type"] == family.name


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_every_family_states_its_features(family):
    assert 3 < len(family.features) <= 80


def test_there_are_at_least_60_families():
    assert 60 <= len(FAMILIES) == len({family.name for family in ROWS})


@pytest.mark.parametrize("folder", FOLDERS)
def test_weights_match_the_reference(folder):
    assert_agrees(open_model(folder), MODELS / folder / "reference.npz")


@pytest.mark.parametrize(
    "path", ROPE_REFERENCES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_rope_settings_match_the_reference(path):
    checkpoint = open_model(path.parent.name)
    values = dict(checkpoint.config.values)
    values.pop("rope_parameters")
    values["rope_theta"] = checkpoint.config.defaults.get("full_attention_base", 10000.0)
    values |= json.loads(str(np.load(path)["config"]))
    changed = replace(checkpoint, config=replace(checkpoint.config, values=values))
    assert type(changed.stacks["decoder"].spec.attention.slots.position) is not Rope
    assert_agrees(changed, path)


@pytest.mark.parametrize(
    "path", ROPE_REFERENCES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_without_the_rope_settings_the_reference_does_not_match(path):
    with pytest.raises(AssertionError):
        assert_agrees(open_model(path.parent.name), path)


@pytest.mark.parametrize("folder", OLD_KEYS)
def test_old_config_keys_have_the_same_meaning(folder):
    checkpoint = open_model(folder)
    new, old = OLD_KEYS[folder]
    assert set(new) <= set(checkpoint.config.values)
    values = {k: v for k, v in checkpoint.config.values.items() if k not in new} | old
    aged = replace(checkpoint, config=replace(checkpoint.config, values=values))
    assert_agrees(aged, MODELS / folder / "reference.npz")


def test_the_reference_of_another_checkpoint_does_not_match():
    with pytest.raises(AssertionError):
        assert_agrees(open_model("gpt2"), MODELS / "gpt2-scaled" / "reference.npz")


@pytest.mark.parametrize("folder", DECODERS)
def test_decoders_are_causal(folder):
    for _, text, _, wanted in cases(MODELS / folder / "reference.npz"):
        seen = RecordingAttend()
        open_model(folder).run(text, seen)
        for weights in (*seen.weights["self"], *wanted["self"]):
            assert not np.triu(weights, 1).any()


def test_windows_are_shorter_than_the_texts():
    """Otherwise a missing window would go unnoticed."""
    slid = 0
    for folder in FOLDERS:
        seen = RecordingAttend()
        _, text, target, _ = next(cases(MODELS / folder / "reference.npz"))
        checkpoint = open_model(folder)
        checkpoint.run(text, seen, target=target)
        algebra = [call.variant.pipeline for call in seen.calls]
        if any("window" in how for how in algebra):
            slid += 1
            first = next(iter(seen.weights.values()))
            hidden = [(np.stack(w) == 0).all(0) for w in first if w.ndim == 3]
            assert any(np.tril(h, -1).any() for h in hidden), folder
    assert slid >= 6


@pytest.mark.parametrize("folder", ["bert", "gpt2", "bart", "opt", "gpt_neox"])
def test_names_may_lack_the_prefix(folder):
    checkpoint = open_model(folder)
    longest = checkpoint.family.prefixes[0]
    have = {name.removeprefix(longest): t for name, t in checkpoint.tensors.by_name.items()}
    assert have.keys() != checkpoint.tensors.by_name.keys()
    bare = replace(checkpoint, tensors=replace(checkpoint.tensors, by_name=have))
    assert_agrees(bare, MODELS / folder / "reference.npz")


def test_the_language_model_of_gemma3_may_have_its_new_prefix():
    checkpoint = open_model("gemma3")
    have = {
        name.replace("language_model.model.", "model.language_model."): tensor
        for name, tensor in checkpoint.tensors.by_name.items()
    }
    assert have.keys() != checkpoint.tensors.by_name.keys()
    renamed = replace(checkpoint, tensors=replace(checkpoint.tensors, by_name=have))
    assert_agrees(renamed, MODELS / "gemma3" / "reference.npz")


def test_norms_may_have_their_old_names():
    checkpoint = open_model("bert")
    have = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("Norm.bias", "Norm.beta"): t
        for name, t in checkpoint.tensors.by_name.items()
    }
    assert have.keys() != checkpoint.tensors.by_name.keys()
    old = replace(checkpoint, tensors=replace(checkpoint.tensors, by_name=have))
    assert_agrees(old, MODELS / "bert" / "reference.npz")


def published_configs(family):
    """The full published config of a family, and one with its sizes only."""
    said = json.loads((MODELS / "published.json").read_text())[family.name]
    side = "encoder" if len(family.stacks) > 1 else ""
    loud = family.config(said).for_side(side)
    sizes = [loud.find(word)[0] for word in ("d_model", "n_head", "n_layer")]
    return loud, config_of(family, {key: loud.values[key] for key in sizes}).for_side(side)


def with_base(config, word):
    """The value of a setting; the published configs state the base among the RoPE settings."""
    value = config.get(word)
    return {**value, "rope_theta": config.get("base")} if isinstance(value, dict) else value


def config_of(family, values):
    """A config with these settings, under the key that the family has them."""
    return family.config({family.text_config: values} if family.text_config else values)


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_defaults_are_the_published_ones(family):
    loud, silent = published_configs(family)
    only_said = replace(loud, defaults={})
    compared = [word for word in family.defaults if only_said.get(word) not in (None, NO_WINDOW)]
    assert {word: only_said.get(word) for word in compared} == {
        word: with_base(silent, word) for word in compared
    }
    assert compared
    assert (silent.d_head, silent.n_kv_head) == (loud.d_head, loud.n_kv_head)
    for word in ("eps", "activation", "n_segment"):
        if only_said.get(word) is not None:
            assert silent.get(word) == only_said.get(word), word


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_a_minimal_config_has_the_published_mechanism(family):
    loud, _ = published_configs(family)
    values = {key: value for key, value in loud.values.items() if key not in EXPLICIT_KEYS}
    for side, stack in family.stacks.items():
        slots = stack.attention.slots
        for index in range(6):
            wanted, got = (
                Layer(loud.for_side(side), index),
                Layer(config_of(family, values), index),
            )
            assert slots.position(got) == slots.position(wanted)
            assert slots.mask(got) == slots.mask(wanted)


def test_files_match_their_checksums():
    lines = (MODELS / "SHA256SUMS").read_text().splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((MODELS / name).read_bytes()).hexdigest() == digest, name
    made = {line.split("  ")[1] for line in lines}
    there = {p.relative_to(MODELS).as_posix() for p in MODELS.rglob("*") if p.is_file()}
    assert there - made == {"SHA256SUMS"}


def test_only_the_layers_up_to_last_layer_run():
    seen = RecordingAttend()
    open_model("bert").run(encoding_of_ids([2, 9, 3]), seen, last_layer=1)
    assert [call.layer for call in seen.calls] == [0, 1]


def test_an_encoder_stops_at_last_layer_only_without_a_target():
    checkpoint, seen = open_model("t5"), RecordingAttend()
    checkpoint.run(encoding_of_ids([7, 8, 9]), seen, last_layer=0)
    assert {kind: len(w) for kind, w in seen.weights.items()} == {"encoder": 1}
    seen = RecordingAttend()
    checkpoint.run(encoding_of_ids([7, 8, 9]), seen, target=encoding_of_ids([0, 4]), last_layer=0)
    counts = {kind: len(weights) for kind, weights in seen.weights.items()}
    assert counts == {"encoder": 2, "decoder": 1, "cross": 1}
    assert seen.weights["cross"][0].shape == (4, 2, 3)


@pytest.mark.parametrize("folder", ["roberta", "xlm-roberta", "camembert"])
def test_roberta_models_have_no_embedding_of_segment_b(folder):
    text = encoding_of_ids([0, 9, 2, 2, 8, 2], [0, 0, 0, 1, 1, 1])
    alike = encoding_of_ids(text.ids)
    assert (
        max_difference(
            open_model(folder).run(text, attend_unrecorded),
            open_model(folder).run(alike, attend_unrecorded),
        )
        == 0.0
    )
    assert (
        max_difference(
            open_model("bert").run(text, attend_unrecorded),
            open_model("bert").run(alike, attend_unrecorded),
        )
        > 0.01
    )


def test_layer_calls_have_layer_inputs_and_token_features():
    seen = RecordingAttend()
    open_model("bert").run(encoding_of_ids([2, 9, 3, 8, 3], [0, 0, 0, 1, 1]), seen)
    inputs = seen.calls[0].inputs
    assert inputs.query_input.shape == inputs.key_input.shape == (5, 32)
    assert inputs.grid.token_feature("segment")[1].ravel().tolist() == [0, 0, 0, 1, 1]


def test_another_mechanism_can_replace_the_models_own():
    def window(call):
        other = RecordingAttend()
        return other(
            replace(call, variant=replace(call.variant, mask=find_variant("causal").mask))
        )

    text = encoding_of_ids([2, 9, 8, 3])
    assert (
        max_difference(
            open_model("bert").run(text, window), open_model("bert").run(text, attend_unrecorded)
        )
        > 1e-3
    )


def test_an_output_of_another_shape_is_refused_with_both_shapes():
    with pytest.raises(
        ShapeError, match="4 heads × 3 tokens × 8; this mechanism's output is 2 × 3 × 8"
    ):
        open_model("bert").run(
            encoding_of_ids([2, 9, 3]), lambda call: attend_unrecorded(call)[:2]
        )
