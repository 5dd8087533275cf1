"""Weights under another name or in another format, beside a config.json: what to type next."""

from __future__ import annotations

import re
from pathlib import Path

from attnviz.errors import AttnvizError, CouldNotError, InvalidInputError
from attnviz.sources.checkpoint.folder import Folder, quote

PLAIN_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,80}")
PARTIAL = (".incomplete", ".part", ".crdownload", ".aria2", ".download", ".tmp")
SHARD = re.compile(r"(?P<stem>.+)-(\d{5})-of-(?P<n>\d{5})\.(safetensors|bin)")
# End of a file's name -> what it is, and the argument of from_pretrained that reads it.
OTHER_FORMATS = {
    ".h5": ("of TensorFlow", "from_tf=True"),
    ".msgpack": ("of Flax", "from_flax=True"),
    ".index": ("of TensorFlow 1", "from_tf=True"),
    ".ot": ("of the Rust library rust-bert", ""),
    ".pt": ("of torch, of any kind", ""),
    ".pth": ("of torch, of any kind", ""),
    ".ckpt": ("of torch, of any kind", ""),
    ".pkl": ("a pickle of any kind", ""),
}


def weights_error(path: Path, wanted: str) -> AttnvizError:
    """The error for a model folder without weights that can be read."""
    folder = Folder(path)
    if message := partial_download(folder):
        return CouldNotError(f"{str(path)!r}: {message}")
    if message := other_name(folder):
        return CouldNotError(f"{str(path)!r} has no {wanted}, but {message}")
    for end, (kind, argument) in OTHER_FORMATS.items():
        if name := folder.first(end):
            return InvalidInputError(
                f"{str(path)!r} stores its weights in {name!r:.80}, a file {kind}, a format that "
                "can run code or needs its own framework; " + conversion_hint(folder, argument)
            )
    return CouldNotError(
        f"{str(path)!r} has no weights ({wanted}); download them into this folder, or give the "
        "model's name: --model OWNER/NAME"
    )


def partial_download(folder: Folder) -> str:
    """What a download that was not finished has left."""
    cache = folder.path / ".cache" / "huggingface" / "download"
    names = [*folder.names, *(p.name for p in cache.glob("*.incomplete"))]
    name = next((name for name in names if name.endswith(PARTIAL)), "")
    if not name:
        return ""
    return f"the download of its weights is not finished ({name[-60:]!r}); start it again"


def other_name(folder: Folder) -> str:
    """Weights in a file of another name."""
    shards = [m for name in folder.names if (m := SHARD.fullmatch(name))]
    if shards:
        n, stem = int(shards[0]["n"]), shards[0]["stem"]
        index = f"{stem}.{shards[0][4]}.index.json"
        return (
            f"{len(shards)} of {n} parts {shards[0][0]!r:.80} …; download {index} and the parts "
            "that are missing"
        )
    ends = (".safetensors", ".bin")
    known = ("adapter_model", "training_args", "optimizer", "scheduler")
    names = [n for n in folder.names if n.endswith(ends) and not n.startswith(known)]
    if not names:
        return ""
    target = "model.safetensors" if names[0].endswith(ends[0]) else "pytorch_model.bin"
    return (
        f"{names[0]!r:.80}; if it holds the weights, rename it: "
        f"mv {quote(folder.path / names[0])} {quote(folder.path / target)}"
    )


def conversion_hint(folder: Folder, argument: str) -> str:
    """How to convert a checkpoint, with the class that keeps its output head."""
    classes = folder.config.get("architectures")
    name = classes[0] if isinstance(classes, list) and classes else None
    if not isinstance(name, str) or not PLAIN_CLASS.fullmatch(name):
        name = "AutoModel"
    version = "transformers 4 is" if argument else "transformers is"
    arguments = f"FOLDER, {argument}" if argument else "FOLDER"
    return (
        f"convert them once, where {version} installed: "
        f"transformers.{name}.from_pretrained({arguments}).save_pretrained(FOLDER)"
    )
