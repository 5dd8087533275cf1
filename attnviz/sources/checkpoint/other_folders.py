"""Folders that are no checkpoint that can be read: what each is, and what to type next.

KINDS is one table; the first kind that is found in a folder counts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from attnviz.errors import AttnvizError, InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.checkpoint.folder import (
    CONFIG,
    Folder,
    is_lfs_pointer,
    is_model,
    list_folder,
    quote,
    read_settings,
)

CACHE_FOLDER = re.compile(r"models--(?P<owner>[\w.-]+?)--(?P<name>[\w.-]+)")
CHECKPOINT_STEP = re.compile(r"checkpoint-(\d+)")
IMAGES = "attnviz reads text models. Save its attention weights, and type: attnviz render FILE"


def find_pointer(folder: Folder) -> str:
    """A Git LFS pointer in place of a file."""
    ends = (".safetensors", ".bin", ".model", ".json", ".txt", ".gguf", ".spm", ".h5", ".onnx")
    for name in folder.names:
        if name.endswith(ends) and is_lfs_pointer(folder.path / name):
            return (
                f"{name!r} is a Git LFS pointer, not the file itself; fetch it: "
                f"git -C {quote(folder.path)} lfs pull"
            )
    return ""


def find_adapter(folder: Folder) -> str:
    """A PEFT adapter without its base model."""
    if folder.has(CONFIG) or not folder.has("adapter_config.json"):
        return ""
    values = read_settings(folder.path / "adapter_config.json")
    base = values.get("base_model_name_or_path")
    base = base if isinstance(base, str) and base.isprintable() and base else "BASE"
    return (
        f"an adapter ({str(values.get('peft_type', 'PEFT'))[:20]!r}), not a model; give its base "
        f"model too: --model {shlex.quote(base[:200])} --adapter {quote(folder.path)}"
    )


def find_inner_model(folder: Folder) -> str:
    """A checkpoint one level down: of a training run, of sentence-transformers, of a snapshot."""
    if folder.has(CONFIG):
        return ""
    cache = CACHE_FOLDER.fullmatch(folder.path.name)
    if cache and folder.has("snapshots"):
        name = f"{cache['owner']}/{cache['name']}"
        return f"the Hub's cache of a model; give its name: --model {name}"
    inner = [name for name in folder.names if is_model(folder.path / name)]
    if not inner:
        return ""
    steps = {name: int(m[1]) for name in inner if (m := CHECKPOINT_STEP.fullmatch(name))}
    best = max(steps, key=lambda name: steps[name]) if steps else inner[0]
    others = f" (of {len(inner)})" if len(inner) > 1 else ""
    return f"the folder above a model{others}; type: {folder.option(best)}"


def find_outer_model(folder: Folder) -> str:
    """A folder inside of a checkpoint, such as "onnx"."""
    parent = folder.path.resolve().parent
    if folder.has(CONFIG) or not is_model(parent):
        return ""
    return f"a folder inside of a model; type: --model {quote(parent)}"


def find_diffusers(folder: Folder) -> str:
    """A diffusers pipeline, or one of its parts."""
    if folder.has("model_index.json"):
        encoder = next((n for n in folder.names if n.startswith("text_encoder")), "")
        hint = folder.option(encoder) if encoder else IMAGES
        return f"a diffusers pipeline; its text encoder is a model of its own: {hint}"
    if "_diffusers_version" in folder.config:
        kind = str(folder.config.get("_class_name", ""))[:60]
        return f"a part of a diffusers pipeline ({kind!r}); {IMAGES}"
    return ""


def find_timm(folder: Folder) -> str:
    """An image model of timm."""
    if "model_type" not in folder.config and "pretrained_cfg" in folder.config:
        name = str(folder.config.get("architecture", ""))[:60]
        return f"an image model of timm ({name!r}); {IMAGES}"
    return ""


def find_open_clip(folder: Folder) -> str:
    """A model of OpenCLIP, in its own format."""
    if folder.has("open_clip_config.json") and "model_type" not in folder.config:
        return (
            "an OpenCLIP model in its own format; use the version of the model for transformers, "
            'whose config.json has a model_type ("clip")'
        )
    return ""


def find_keras(folder: Folder) -> str:
    """A preset of KerasHub."""
    if str(folder.config.get("module", "")).startswith(("keras_hub.", "keras_nlp.")):
        return (
            "a KerasHub preset; save it for transformers: "
            "model.export_to_transformers(FOLDER), then --model FOLDER"
        )
    return ""


def find_mlx(folder: Folder) -> str:
    """Weights quantized by MLX, or in its own file."""
    quantization = folder.config.get("quantization")
    if isinstance(quantization, dict) and "group_size" in quantization:
        bits = str(quantization.get("bits", "?"))[:8]
        return (
            f"a model quantized by MLX ({bits} bits); use the model that it was made from, or a "
            "GGUF file of it: --model FILE.gguf"
        )
    if folder.has("weights.npz") and not folder.first(".safetensors"):
        return (
            "an MLX model (weights.npz); use the model that it was made from, or save it by "
            "mlx_lm.convert as safetensors"
        )
    return ""


def find_original(folder: Folder) -> str:
    """Weights in the format of Meta or Mistral, without a config.json."""
    if (
        folder.has("params.json")
        and not folder.has(CONFIG)
        and folder.first(".pth", ".safetensors")
    ):
        name = folder.first(".pth", ".safetensors")
        return (
            f"a model in the format of its authors (params.json, {name!r:.80}); use the version "
            "for transformers, which has a config.json"
        )
    return ""


def find_onnx(folder: Folder) -> str:
    """An ONNX or OpenVINO export without other weights."""
    names = [*folder.names, *(path.name for path in list_folder(folder.path / "onnx"))]
    others = folder.first(".safetensors", "_model.bin", ".gguf", ".h5", ".msgpack")
    if others and not folder.has("openvino_model.xml"):
        return ""
    for end, program in ((".onnx", "ONNX"), ("openvino_model.xml", "OpenVINO")):
        if any(name.endswith(end) for name in names):
            return (
                f"an {program} export, whose graph is not read; use the model that it was "
                "exported from"
            )
    return ""


class FolderKind(Record):
    """A kind of folder: `find` returns what it is and what to do, "" for other folders."""

    name: str
    find: Callable[[Folder], str]
    error: type[AttnvizError] = InvalidInputError


KINDS = (
    FolderKind("Git LFS", find_pointer),
    FolderKind("adapter", find_adapter, MisuseError),
    FolderKind("diffusers", find_diffusers),
    FolderKind("timm", find_timm),
    FolderKind("OpenCLIP", find_open_clip),
    FolderKind("KerasHub", find_keras),
    FolderKind("MLX", find_mlx),
    FolderKind("original format", find_original),
    FolderKind("one level down", find_inner_model, MisuseError),
    FolderKind("one level up", find_outer_model, MisuseError),
    FolderKind("ONNX", find_onnx),
)


def refuse_other_folder(path: Path) -> None:
    """Raise the error of a folder that is no checkpoint, or one of another library."""
    folder = Folder(path)
    for kind in KINDS:
        if message := kind.find(folder):
            is_named = message.startswith(("'", '"'))
            subject = f"{str(path)!r}: {message}" if is_named else f"{str(path)!r} is {message}"
            raise kind.error(subject)
