"""LoRA adapters: merged as PEFT merges them, or refused by the name of the setting."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import attnviz
from attnviz.errors import AttnvizError, AttnvizWarning, CouldNotError, InvalidInputError
from attnviz.sources.checkpoint.tensors import Tensor
from attnviz.sources.model.adapter_config import ALLOWED, READ, WITHOUT_EFFECT, AdapterConfig
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.lora import apply_adapter
from tests import adapters
from tests.cli.runner import run
from tests.sources.reference import MODELS, RecordingAttend, encoding_of_ids, max_difference
from tests.torch_files.writer import save

FOLDER = Path(adapters.__path__[0])
NAMES = sorted(path.name for path in FOLDER.iterdir() if (path / "adapter_config.json").is_file())
IDS = (2, 9, 8, 7, 5, 3)
PREFIX = "base_model.model."


def attention(name, adapter=None):
    """The attention of all layers, with an adapter or without."""
    model = open_checkpoint(str(MODELS / name))
    if adapter is not None:
        model = apply_adapter(model, str(adapter))
    attend = RecordingAttend()
    model.run(encoding_of_ids(IDS), attend)
    return np.stack(next(iter(attend.weights.values())))


@pytest.mark.parametrize("name", NAMES)
def test_attention_is_that_of_peft(name):
    with np.load(FOLDER / "references.npz") as references:
        reference = references[name]
    base = name.split("-")[0]
    assert max_difference(attention(base, FOLDER / name), reference) < 3e-6
    assert max_difference(attention(base), reference) > 0.05


@pytest.fixture
def copy(tmp_path):
    """A function that copies an adapter, with changes of its config and of its tensors."""

    def change(name="llama-pattern", tensors=None, **values):
        folder = tmp_path / name
        shutil.copytree(FOLDER / name, folder)
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))
        if tensors is not None:
            file = folder / "adapter_model.safetensors"
            save_file(tensors(load_file(file)), file)
        return folder

    return change


def test_parts_of_a_merged_weight_are_those_of_the_whole():
    for name in ("llama-pattern", "gpt2-conv1d", "bert-embedding"):
        base = open_checkpoint(str(MODELS / name.split("-")[0]))
        merged = apply_adapter(base, str(FOLDER / name)).tensors.by_name
        for key in {k for k in merged if merged[k] is not base.tensors.by_name[k]}:
            whole, rows = merged[key].read(), np.array([3, 1, 3])
            before = base.tensors.by_name[key].read()
            assert merged[key].dtype == base.tensors.by_name[key].dtype
            for index in (slice(1, 5), (slice(None), slice(2, 4)), rows):
                assert np.allclose(merged[key].read(index), whole[index], atol=1e-6)
            assert not np.array_equal(before, whole)
            assert np.array_equal(before, base.tensors.by_name[key].read())  # as it was


class Quantized(Tensor, eq=False):
    """A weight of another kind, which knows how it is read."""

    numbers: Any = None
    is_readable = True

    def read(self, index=...):
        return self.numbers[index]


def test_an_adapter_is_merged_into_weights_of_any_kind():
    model = open_checkpoint(str(MODELS / "llama"))
    quantized = {
        name: Quantized(t.file, "Q4_1", t.shape, t.start, t.end, t.read())
        for name, t in model.tensors.by_name.items()
    }
    model = replace(model, tensors=replace(model.tensors, by_name=quantized))
    attend = RecordingAttend()
    apply_adapter(model, str(FOLDER / "llama-rs")).run(encoding_of_ids(IDS), attend)
    weights = np.stack(attend.weights["self"])
    assert np.array_equal(weights, attention("llama", FOLDER / "llama-rs"))


def test_an_adapter_in_a_bin_file_is_the_same(copy):
    folder = copy()
    tensors = load_file(folder / "adapter_model.safetensors")
    (folder / "adapter_model.safetensors").unlink()
    (folder / "adapter_model.bin").write_bytes(save(tensors))
    assert np.array_equal(attention("llama", folder), attention("llama", FOLDER / folder.name))


SCALES = [
    ({}, "a.q_proj", 8 / 8),
    ({"r": 4, "lora_alpha": 6}, "q_proj", 6 / 4),
    ({"r": 4, "lora_alpha": 6, "use_rslora": True}, "q_proj", 6 / 2),
    ({"r": 4, "rank_pattern": {"q_proj": 2}}, "h.q_proj", 8 / 2),
    ({"r": 4, "rank_pattern": {"^h.q_proj": 2}}, "h.q_proj", 8 / 2),
    ({"r": 4, "rank_pattern": {r".*\.q_proj": 2}}, "h.q_proj", 8 / 2),
    ({"r": 4, "rank_pattern": {"proj": 2}}, "h.q_proj", 8 / 4),
    ({"r": 4, "alpha_pattern": {"h.q_proj": 2, "q_proj": 3}}, "h.q_proj", 2 / 4),
]


@pytest.mark.parametrize(("values", "module", "scale"), SCALES)
def test_the_scale_of_a_module(values, module, scale):
    assert AdapterConfig(values).scale(module) == pytest.approx(scale)


REFUSED = [
    ({"peft_type": "LOHA"}, 'peft_type = "LOHA" is not supported; it should be "LORA"'),
    ({"peft_type": "PREFIX_TUNING"}, 'peft_type = "PREFIX_TUNING" is not supported'),
    ({"peft_type": None}, "peft_type = null is not supported|peft_type is missing"),
    ({"use_dora": True}, "use_dora = true is not supported"),
    ({"bias": "all"}, 'bias = "all" is not supported; it should be "none"'),
    ({"init_lora_weights": "pissa"}, 'init_lora_weights = "pissa" is not supported'),
    ({"lora_bias": True}, "lora_bias = true is not supported"),
    ({"target_parameters": ["a"]}, "target_parameters = .* is not supported"),
    ({"trainable_token_indices": [1]}, "trainable_token_indices = .* is not supported"),
    ({"layer_replication": [[0, 1]]}, "layer_replication = .* is not supported"),
    ({"of_the_future": 1}, "of_the_future = 1 is not supported"),
    ({"r": 5, "rank_pattern": {}}, "factors of shape .*; its rank should be 5 by adapter_config"),
    ({"r": 0, "rank_pattern": {}}, "r = 0 should be an integer from 1"),
    ({"lora_alpha": "8"}, 'lora_alpha = "8" should be a number'),
    ({"rank_pattern": {"(a+)+b": 1}}, "rank_pattern = .* other patterns are not supported"),
    ({"rank_pattern": [1]}, "rank_pattern = .* should be an object"),
    ({"use_rslora": 1}, "use_rslora = 1 should be true or false"),
    ({"fan_in_fan_out": True}, "is for a weight of 32 × 16; that of the model is 16 × 32"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED)
def test_a_setting_that_is_not_supported_is_refused_by_name(values, message, copy):
    with pytest.raises(InvalidInputError, match=message) as caught:
        attention("llama", copy(**values))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400


def renamed(old, new):
    return lambda tensors: {name.replace(old, new): array for name, array in tensors.items()}


def without(end):
    return lambda tensors: {k: v for k, v in tensors.items() if not k.endswith(end)}


TENSORS = [
    (renamed("lora_A", "lora_magnitude_vector"), "lora_magnitude_vector.* is not supported"),
    (renamed("lora_A.weight", "bias"), "bias' is not supported"),
    (renamed(PREFIX, "base."), "does not begin with base_model.model."),
    (renamed("q_proj", "x_proj"), r"changes '.*x_proj', which .* does not have; it is for"),
    (without("layers.1.self_attn.q_proj.lora_B.weight"), "has the factors A$"),
    (lambda t: {k: v[:, :3] for k, v in t.items()}, "factors of shape|is for a weight of"),
    (lambda t: {k: v[None] for k, v in t.items()}, "has factors of shape"),
]


@pytest.mark.parametrize(("change", "message"), TENSORS)
def test_tensors_that_do_not_fit_are_refused(change, message, copy):
    with pytest.raises(InvalidInputError, match=message) as caught:
        attention("llama", copy(tensors=change))
    assert str(caught.value).isprintable()


def test_weights_that_the_model_does_not_have_are_noted(copy):
    folder = copy(tensors=lambda t: t | {f"{PREFIX}score.weight": np.zeros((2, 3), np.float32)})
    with pytest.warns(AttnvizWarning, match=r"score\.weight is not part of the model"):
        attention("llama", folder)


def test_a_saved_weight_of_another_shape_is_refused(copy):
    def shorter(tensors):
        name = next(name for name in tensors if "position" in name)
        return tensors | {name: tensors[name][:5]}

    with pytest.raises(InvalidInputError, match=r"is for a weight of 5 × 32; that of the model"):
        attention("bert", copy("bert-saved", tensors=shorter))


@pytest.mark.parametrize(("missing", "message"), [("adapter_config.json", "is no adapter folder")])
def test_a_folder_without_an_adapter_is_refused(missing, message, copy):
    folder = copy()
    (folder / missing).unlink()
    with pytest.raises(CouldNotError, match=message):
        attention("llama", folder)
    with pytest.raises(AttnvizError, match="is no adapter folder"):
        attention("llama", "/no/such")


def test_an_adapter_without_weights_is_refused(copy):
    folder = copy()
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(CouldNotError, match=r"has neither adapter_model.safetensors nor"):
        attention("llama", folder)


def test_every_setting_of_peft_is_in_one_table():
    settings = json.loads((FOLDER / NAMES[0] / "adapter_config.json").read_text())
    known = {*ALLOWED, *READ, *WITHOUT_EFFECT}
    unknown = {key for key, value in settings.items() if key not in known and value}
    assert unknown == set() and len(known) == len(ALLOWED) + len(READ) + len(WITHOUT_EFFECT)


def test_the_adapter_is_in_the_metadata_and_changes_the_map():
    llama, adapter = str(MODELS / "llama"), str(FOLDER / "llama-rs")
    plain = attnviz.look("the cat", model=llama)
    merged = attnviz.look("the cat", model=llama, adapter=adapter)
    assert merged.meta["adapter"] == adapter and "adapter" not in plain.meta
    assert max_difference(plain.weights, merged.weights) > 0.01
    made = run("the cat", "-m", llama, "--adapter", adapter, "--json")
    assert json.loads(made.out)["meta"]["adapter"] == adapter


def test_the_adapter_is_in_every_title():
    words = ("the cat", "-m", str(MODELS / "llama"), "--adapter", str(FOLDER / "llama-rs"))
    title = "llama with adapter llama-rs"
    assert run(*words, "--head", "0.0").out.splitlines()[0] == title
    assert run("heads", *words).out.splitlines()[0] == title
    assert run("explain", *words, "--head", "0.0").out.startswith(f"{title}, layer 0, head 0")
    modified = json.loads(run(*words, "-v", "hard", "--json").out)["meta"]["variant"]
    assert modified == f"{title}, modified: hard"
    for name in ("svg", "md", "html"):
        assert title in run(*words, "--head", "0.0", "-f", name).out


def test_an_adapter_needs_a_model():
    made = run("the cat", "--adapter", "x")
    assert (made.status, made.out) == (2, "") and "--adapter needs --model" in made.err


def test_an_adapter_beside_a_model_is_noted(tmp_path):
    folder = tmp_path / "llama"
    shutil.copytree(MODELS / "llama", folder)
    for path in (FOLDER / "llama-rs").iterdir():
        shutil.copy(path, folder)
    made = run("the cat", "-m", str(folder))
    assert made.status == 0
    assert f"which is not applied; apply it with --adapter {folder}" in made.err
    made = run("the cat", "-m", str(folder), "--adapter", str(folder))
    assert (made.status, made.err) == (0, "")
