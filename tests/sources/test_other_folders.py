"""Folders that are no checkpoint that can be read: what each is, and what to type next."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import attnviz
from attnviz.errors import AttnvizError, AttnvizWarning, InvalidInputError
from attnviz.sources.checkpoint.other_folders import KINDS
from attnviz.sources.checkpoint.other_weights import OTHER_FORMATS
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.cli.runner import run
from tests.sources.reference import MODELS, attend_unrecorded, encoding_of_ids

POINTER = b"version https://git-lfs/spec/v1\noid sha256:0\nsize 438000000\n"
BERT = {"model_type": "bert", "architectures": ["BertForMaskedLM"]}
DATA = b"data"

# Kind -> folders of that kind (the file's name -> its content), and the line for each.
FOLDERS = {
    "Git LFS": [
        (
            {"config.json": BERT, "model.safetensors": POINTER},
            r"'model.safetensors' is a Git LFS pointer, not the file itself; fetch it: git -C",
        ),
        ({"config.json": BERT, "spiece.model": POINTER}, "'spiece.model' is a Git LFS pointer"),
        ({"config.json": POINTER}, "'config.json' is a Git LFS pointer"),
    ],
    "adapter": [
        (
            {
                "adapter_config.json": {
                    "peft_type": "LORA",
                    "base_model_name_or_path": "org/base",
                },
                "adapter_model.safetensors": DATA,
            },
            r"an adapter \('LORA'\), not a model; .*: --model org/base --adapter .*folder",
        ),
        ({"adapter_config.json": {}}, r"an adapter .*: --model BASE --adapter"),
    ],
    "diffusers": [
        (
            {"model_index.json": {}, "text_encoder/config.json": {"model_type": "clip"}},
            r"a diffusers pipeline; its text encoder .*: --model .*text_encoder",
        ),
        ({"model_index.json": {}, "unet/config.json": {}}, r"a diffusers pipeline; .*render FILE"),
        (
            {"config.json": {"_class_name": "AutoencoderKL", "_diffusers_version": "0.3"}},
            r"a part of a diffusers pipeline \('AutoencoderKL'\); .*render FILE",
        ),
    ],
    "timm": [
        (
            {
                "config.json": {"architecture": "vit_tiny", "pretrained_cfg": {}},
                "model.safetensors": DATA,
            },
            r"an image model of timm \('vit_tiny'\); .*type: attnviz render FILE",
        )
    ],
    "OpenCLIP": [
        (
            {"open_clip_config.json": {}, "open_clip_pytorch_model.bin": DATA},
            r"an OpenCLIP model in its own format; use the version of the model for transformers",
        )
    ],
    "KerasHub": [
        (
            {"config.json": {"module": "keras_hub.src.models.bert"}, "model.weights.h5": DATA},
            r"a KerasHub preset; .*export_to_transformers\(FOLDER\), then --model FOLDER",
        )
    ],
    "MLX": [
        (
            {
                "config.json": {**BERT, "quantization": {"group_size": 64, "bits": 4}},
                "model.safetensors": DATA,
            },
            r"quantized by MLX \(4 bits\); use the model that it was made from, or a GGUF file",
        ),
        ({"config.json": BERT, "weights.npz": DATA}, r"an MLX model \(weights.npz\); use the"),
    ],
    "original format": [
        (
            {"params.json": {}, "consolidated.00.pth": DATA},
            r"format of its authors \(params.json, 'consolidated.00.pth'\); use the version for",
        ),
        ({"params.json": {}, "consolidated.safetensors": DATA}, "format of its authors"),
    ],
    "one level down": [
        (
            {"checkpoint-500/config.json": BERT, "checkpoint-1000/config.json": BERT},
            r"the folder above a model \(of 2\); type: --model .*checkpoint-1000$",
        ),
        (
            {"modules.json": {}, "0_Transformer/config.json": BERT},
            r"the folder above a model; type: --model .*0_Transformer$",
        ),
        ({"a b/config.json": BERT}, r"type: --model '.*a b'$"),
        ({"b/config.json": BERT, "a/config.json": BERT}, r"\(of 2\); type: --model .*/a$"),
    ],
    "one level up": [
        (
            {"../config.json": BERT, "model.onnx": DATA},
            r"a folder inside of a model; type: --model",
        )
    ],
    "ONNX": [
        ({"model.onnx": DATA}, "an ONNX export, whose graph is not read; use the model that it"),
        ({"config.json": BERT, "onnx/model.onnx": DATA}, "an ONNX export"),
        (
            {"config.json": BERT, "openvino_model.xml": DATA, "openvino_model.bin": DATA},
            "an OpenVINO export, whose graph is not read",
        ),
    ],
}

# The same for folders with a config.json of ours, and other weights.
WEIGHTS = [
    ({}, r"has no weights \(model.safetensors or pytorch_model.bin\); download them .*--model O"),
    ({"model.safetensors.incomplete": DATA}, "is not finished .*start it again"),
    (
        {".cache/huggingface/download/abc.incomplete": DATA},
        r"the download of its weights is not finished \('abc.incomplete'\); start it again",
    ),
    (
        {"model.fp16.safetensors": DATA},
        r"rename it: mv .*model.fp16.safetensors .*/model.saf",
    ),
    ({"weights.bin": DATA, "training_args.bin": DATA}, r"mv .*weights.bin .*/pytorch_model.bin$"),
    (
        {"model-00001-of-00003.safetensors": DATA, "model-00003-of-00003.safetensors": DATA},
        r"2 of 3 parts 'model-00001-of-00003.safetensors' …; download model.safetensors.index",
    ),
    (
        {"pytorch_model-00001-of-00002.bin": DATA},
        "1 of 2 parts .* …; download pytorch_model.bin.index.json and the parts",
    ),
    (
        {"tf_model.h5": DATA},
        r"transformers 4 is .*BertForMaskedLM.from_pretrained\(FOLDER, from_tf=True\)",
    ),
    (
        {"config.json": BERT | {"architectures": ["A", "B"]}, "tf_model.h5": DATA},
        r"transformers\.A\.from_pretrained",
    ),
    (
        {"config.json": BERT | {"architectures": ["A(1)"]}, "tf_model.h5": DATA},
        r"transformers\.AutoModel\.from_pretrained",
    ),
    ({"flax_model.msgpack": DATA}, r"from_pretrained\(FOLDER, from_flax=True\)\.save_pretrained"),
    ({"bert_model.ckpt.index": DATA}, "a file of TensorFlow 1, .*from_tf=True"),
    ({"rust_model.ot": DATA}, r"rust-bert, .*from_pretrained\(FOLDER\)\.save_pretrained"),
    ({"model.pt": DATA}, r"in 'model.pt', .*BertForMaskedLM.from_pretrained\(FOLDER\)"),
]
CASES = [(kind, *case) for kind, cases in FOLDERS.items() for case in cases]


def make(folder, files):
    """Write the files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(data)
    return folder


def refusal(folder):
    """The message about a folder, which is one printable line."""
    with pytest.raises(AttnvizError) as caught:
        open_checkpoint(str(folder))
    message = caught.value.args[0]  # as on the command line
    assert message.isprintable() and len(message) < 600 and str(folder) in message
    return message


@pytest.mark.parametrize(("kind", "files", "line"), CASES)
def test_a_folder_of_another_kind_is_named_with_what_to_type(kind, files, line, tmp_path):
    assert re.search(line, refusal(make(tmp_path / "top" / "folder", files)))


@pytest.mark.parametrize(("files", "line"), WEIGHTS)
def test_weights_of_another_kind_are_named_with_what_to_type(files, line, tmp_path):
    folder = make(tmp_path / "folder", {"config.json": BERT, **files})
    assert re.search(line, refusal(folder))


def test_every_kind_is_in_the_table():
    assert list(FOLDERS) == [kind.name for kind in KINDS]
    names = [name for files, _ in WEIGHTS for name in files]
    ends = [end for end in OTHER_FORMATS if end not in (".pth", ".ckpt", ".pkl")]
    assert all(any(name.endswith(end) for name in names) for end in ends)


def test_the_cache_of_the_hub_is_named_by_its_model(tmp_path):
    folder = make(tmp_path / "models--org--tiny-bert", {"snapshots/abc/config.json": BERT})
    assert re.search("the Hub's cache of a model; .*: --model org/tiny-bert$", refusal(folder))


def test_a_folder_of_nothing_is_no_model(tmp_path):
    folder = make(tmp_path / "folder", {"notes.txt": DATA})
    assert "is not a model folder (no config.json); give one, or the name" in refusal(folder)


def test_the_command_names_the_adapter_and_ends_with_status_2(tmp_path):
    folder = make(tmp_path / "folder", {"adapter_config.json": {"peft_type": "LORA"}})
    made = run("the cat", "-m", str(folder))
    assert (made.status, made.out) == (2, "") and "--model BASE --adapter" in made.err


@pytest.mark.parametrize("value", ["a\x1b[31m", "x" * 5000, 3, "a; rm -rf b", "'"])
def test_texts_of_a_file_are_quoted(value, tmp_path):
    config = {"peft_type": value, "base_model_name_or_path": value}
    message = refusal(make(tmp_path / "folder", {"adapter_config.json": config}))
    assert "--model a; rm" not in message


@pytest.mark.parametrize("name", ["bert", "gpt2", "gemma", "t5"])
def test_a_checkpoint_is_no_other_folder(name, tmp_path):
    folder = tmp_path / name
    shutil.copytree(MODELS / name, folder)
    make(
        folder, {"onnx/model.onnx": DATA, "adapter/adapter_config.json": {}, "x.incomplete": DATA}
    )
    make(folder, {"tf_model.h5": DATA, "open_clip_config.json": {}, "README.md": POINTER})
    assert open_checkpoint(str(folder)).family.name == name


def test_a_file_of_which_a_part_is_missing_is_stated_with_its_size(tmp_path):
    folder = tmp_path / "bert"
    shutil.copytree(MODELS / "bert", folder)
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1000])
    with pytest.raises(InvalidInputError, match=rf"has {len(data) - 1000:,} of {len(data):,} byt"):
        open_checkpoint(str(folder))


def rename(folder, change):
    """Rename the tensors of a checkpoint; `change` maps a name to its new names."""
    tensors = load_file(folder / "model.safetensors")
    path = folder / "model.safetensors"
    save_file({new: array for name, array in tensors.items() for new in change(name)}, path)


@pytest.fixture
def copy(tmp_path):
    """A function that copies a checkpoint."""

    def change(name):
        shutil.copytree(MODELS / name, tmp_path / name)
        return tmp_path / name

    return change


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "t5", "gemma3", "bart"])
@pytest.mark.parametrize("prefix", ["module.", "encoder_model.", "_orig_mod.module."])
def test_tensors_of_a_wrapped_model_are_found_and_the_prefix_is_noted(name, prefix, copy):
    folder = copy(name)
    rename(folder, lambda tensor: [prefix + tensor])
    with pytest.warns(AttnvizWarning, match=rf"are read under the prefix '{prefix}"):
        here = attnviz.look("the cat", model=str(folder))
    there = attnviz.look("the cat", model=str(MODELS / name))
    assert np.array_equal(here.weights, there.weights)


def test_a_checkpoint_without_the_prefix_of_its_family_needs_no_note(copy):
    folder = copy("bert")
    rename(folder, lambda tensor: [tensor.removeprefix("bert.")])
    text = encoding_of_ids([2, 9, 8, 3])
    here = open_checkpoint(str(folder)).run(text, attend_unrecorded)
    assert np.array_equal(here, open_checkpoint(str(MODELS / "bert")).run(text, attend_unrecorded))


def test_a_checkpoint_of_two_models_is_refused(copy):
    folder = copy("bert")
    rename(folder, lambda tensor: [f"query.{tensor}", f"document.{tensor}"])
    with pytest.raises(InvalidInputError, match=r"holds 2 models, .*'document\.', 'query\.'"):
        open_checkpoint(str(folder))


def test_a_file_of_a_checkpoint_stands_for_its_folder():
    path = MODELS / "bert" / "model.safetensors"
    made = run("the cat", "-m", str(path))
    assert made.status == 2 and f"give its folder: --model {path.parent}" in made.err


@pytest.mark.parametrize(("name", "other"), [("bert", "electra"), ("roberta", "bert")])
def test_tensors_of_another_family_are_refused(name, other, copy):
    folder = copy(name)
    shutil.copy(MODELS / other / "config.json", folder / "config.json")
    with pytest.raises(InvalidInputError, match=rf"says {other}, but the tensors are called '"):
        open_checkpoint(str(folder))
