"""Every family attends as its reference does: all layers, all heads, three inputs."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.positions import Rope
from attnviz.core.variants import find_variant
from attnviz.errors import ShapeError
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families import FAMILIES
from attnviz.sources.families.spec import Layer
from tests.sources.reference import FOLDERS, MODELS, Seen, cases, encoding, model, off, plainly

ROWS = tuple(FAMILIES)
OFF = 1e-6
OFF_HIDDEN = 1e-5
WRITERS = [family.name for family in ROWS if family.kind != "encoder"]
ONE_STACK_WRITERS = [family.name for family in ROWS if family.kind == "decoder"]
SPELLED_OUT = ("rope_parameters", "layer_types", "attention_layers", "attention_types")
OLD = {
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
    "gemma": (
        ["rope_parameters", "hidden_act"],
        {"rope_theta": 10000.0, "hidden_act": "gelu", "hidden_activation": None},
    ),
    "llama": (["rope_parameters"], {"rope_theta": 10000.0, "rope_scaling": None}),
    "phi3": (["rope_parameters"], {"rope_scaling": {"type": "default"}}),
    "bloom": (["hidden_size"], {"n_embed": 24}),
    "deberta-v2": (["pos_att_type"], {"pos_att_type": "p2c|c2p"}),
    "mt5": (["dense_act_fn", "is_gated_act"], {}),
}
TURNS = sorted(p for p in MODELS.glob("*/*.npz") if p.stem != "reference")


def agree(checkpoint, path):
    """Every map and every hidden state of a reference."""
    for name, text, target, wanted in cases(path):
        seen = Seen()
        hidden = checkpoint.run(text, seen, target=target)
        assert set(seen.weights) == set(checkpoint.attentions)
        for kind, weights in seen.weights.items():
            assert off(np.stack(weights), wanted[kind]) <= OFF, (name, kind)
        last = wanted["hidden" if target is None else "decoder_hidden"]
        assert off(hidden, last) <= OFF_HIDDEN * np.abs(last).max(), name


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_every_family_has_a_checkpoint(family):
    config = json.loads((MODELS / family.name / "config.json").read_text())
    assert config["model_type"] == family.name


def test_there_are_as_many_families_as_the_page_says():
    assert len(FAMILIES) == 29 == len({family.name for family in ROWS})


@pytest.mark.parametrize("folder", FOLDERS)
def test_attends_as_its_reference(folder):
    agree(model(folder), MODELS / folder / "reference.npz")


@pytest.mark.parametrize("path", TURNS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_turns_as_its_config_says(path):
    checkpoint = model(path.parent.name)
    values = dict(checkpoint.config.values)
    values.pop("rope_parameters")
    values["rope_theta"] = 10000.0
    values |= json.loads(str(np.load(path)["config"]))
    changed = replace(checkpoint, config=replace(checkpoint.config, values=values))
    assert type(changed.towers["decoder"].row.attention.slots.position) is not Rope
    agree(changed, path)


@pytest.mark.parametrize("path", TURNS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_without_what_its_config_says_it_turns_otherwise(path):
    with pytest.raises(AssertionError):
        agree(model(path.parent.name), path)


@pytest.mark.parametrize("folder", OLD)
def test_a_config_of_older_days_means_the_same(folder):
    checkpoint = model(folder)
    new, old = OLD[folder]
    assert set(new) <= set(checkpoint.config.values)
    values = {k: v for k, v in checkpoint.config.values.items() if k not in new} | old
    aged = replace(checkpoint, config=replace(checkpoint.config, values=values))
    agree(aged, MODELS / folder / "reference.npz")


def test_an_input_of_another_checkpoint_does_not_agree():
    with pytest.raises(AssertionError):
        agree(model("gpt2"), MODELS / "gpt2-scaled" / "reference.npz")


@pytest.mark.parametrize("folder", ONE_STACK_WRITERS)
def test_no_token_sees_a_later_one(folder):
    for _, text, _, wanted in cases(MODELS / folder / "reference.npz"):
        seen = Seen()
        model(folder).run(text, seen)
        for weights in (*seen.weights["self"], *wanted["self"]):
            assert not np.triu(weights, 1).any()


def test_windows_are_shorter_than_the_texts():
    """A text that fits into the window would not show that there is one."""
    slid = 0
    for folder in FOLDERS:
        seen = Seen()
        _, text, target, _ = next(cases(MODELS / folder / "reference.npz"))
        checkpoint = model(folder)
        checkpoint.run(text, seen, target=target)
        algebra = [call.own.algebra for call in seen.calls]
        if any("window" in how for how in algebra):
            slid += 1
            hidden = [(np.stack(w) == 0).all(0) for w in seen.weights["self"] if w.ndim == 3]
            assert any(np.tril(h, -1).any() for h in hidden), folder
    assert slid >= 6


@pytest.mark.parametrize("folder", ["bert", "gpt2", "bart", "opt", "gpt_neox"])
def test_names_may_lack_the_prefix(folder):
    checkpoint = model(folder)
    longest = checkpoint.family.prefixes[0]
    have = {name.removeprefix(longest): t for name, t in checkpoint.tensors.have.items()}
    assert have.keys() != checkpoint.tensors.have.keys()
    bare = replace(checkpoint, tensors=replace(checkpoint.tensors, have=have))
    agree(bare, MODELS / folder / "reference.npz")


def test_norms_may_have_their_old_names():
    checkpoint = model("bert")
    have = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("Norm.bias", "Norm.beta"): t
        for name, t in checkpoint.tensors.have.items()
    }
    assert have.keys() != checkpoint.tensors.have.keys()
    old = replace(checkpoint, tensors=replace(checkpoint.tensors, have=have))
    agree(old, MODELS / "bert" / "reference.npz")


def published(family):
    """A config of this family that says all it can, and one that says its sizes only."""
    said = json.loads((MODELS / "published.json").read_text())[family.name]
    side = "encoder" if len(family.stacks) > 1 else ""
    loud = Config(said, family.defaults, side)
    sizes = [loud.find(word)[0] for word in ("d_model", "n_head", "n_layer")]
    return loud, Config({key: said[key] for key in sizes}, family.defaults, side)


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_defaults_are_those_that_are_published(family):
    loud, silent = published(family)
    only_said = Config(loud.values)
    compared = [word for word in family.defaults if only_said.get(word) is not None]
    assert {word: only_said.get(word) for word in compared} == {
        word: silent.get(word) for word in compared
    }
    assert compared
    assert (silent.d_head, silent.n_kv_head) == (loud.d_head, loud.n_kv_head)
    for word in ("eps", "activation", "n_segment"):
        if only_said.get(word) is not None:
            assert silent.get(word) == only_said.get(word), word


@pytest.mark.parametrize("family", ROWS, ids=lambda family: family.name)
def test_a_silent_config_means_the_published_mechanism(family):
    loud, _ = published(family)
    values = {key: value for key, value in loud.values.items() if key not in SPELLED_OUT}
    for side, stack in family.stacks.items():
        slots = stack.attention.slots
        for index in range(6):
            wanted, got = (
                Layer(loud.of(side), index),
                Layer(Config(values, family.defaults), index),
            )
            assert slots.position(got) == slots.position(wanted)
            assert slots.mask(got) == slots.mask(wanted)


def test_files_are_those_that_were_made():
    lines = (MODELS / "SHA256SUMS").read_text().splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((MODELS / name).read_bytes()).hexdigest() == digest, name
    made = {line.split("  ")[1] for line in lines}
    there = {p.relative_to(MODELS).as_posix() for p in MODELS.rglob("*") if p.is_file()}
    assert there - made == {"SHA256SUMS"}


def test_only_the_layers_up_to_the_last_one_wanted_run():
    seen = Seen()
    model("bert").run(encoding([2, 9, 3]), seen, last_layer=1)
    assert [call.layer for call in seen.calls] == [0, 1]


def test_an_encoder_runs_without_a_target_and_whole_with_one():
    checkpoint, seen = model("t5"), Seen()
    checkpoint.run(encoding([7, 8, 9]), seen, last_layer=0)
    assert {kind: len(w) for kind, w in seen.weights.items()} == {"encoder": 1}
    seen = Seen()
    checkpoint.run(encoding([7, 8, 9]), seen, target=encoding([0, 4]), last_layer=0)
    counts = {kind: len(weights) for kind, weights in seen.weights.items()}
    assert counts == {"encoder": 2, "decoder": 1, "cross": 1}
    assert seen.weights["cross"][0].shape == (4, 2, 3)


@pytest.mark.parametrize("folder", ["roberta", "xlm-roberta", "camembert"])
def test_a_second_sentence_has_no_row_of_its_own_in_the_roberta_line(folder):
    text = encoding([0, 9, 2, 2, 8, 2], [0, 0, 0, 1, 1, 1])
    alike = encoding(text.ids)
    assert off(model(folder).run(text, plainly), model(folder).run(alike, plainly)) == 0.0
    assert off(model("bert").run(text, plainly), model("bert").run(alike, plainly)) > 0.01


def test_layers_hand_over_what_other_mechanisms_may_need():
    seen = Seen()
    model("bert").run(encoding([2, 9, 3, 8, 3], [0, 0, 0, 1, 1]), seen)
    inputs = seen.calls[0].inputs
    assert inputs.query_input.shape == inputs.key_input.shape == (5, 32)
    assert inputs.grid.note("segment")[1].ravel().tolist() == [0, 0, 0, 1, 1]


def test_another_mechanism_may_take_the_place_of_the_models_own():
    def window(call):
        other = Seen()
        return other(replace(call, own=replace(call.own, mask=find_variant("causal").mask)))

    text = encoding([2, 9, 8, 3])
    assert off(model("bert").run(text, window), model("bert").run(text, plainly)) > 1e-3


def test_a_mechanism_with_other_heads_is_refused_with_both_numbers():
    with pytest.raises(ShapeError, match="4 heads × 3 tokens × 8; this mechanism gives 2 × 3 × 8"):
        model("bert").run(encoding([2, 9, 3]), lambda call: plainly(call)[:2])
