"""Which files a checkpoint consists of, and which are refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import read_json, shown

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
CONVERT = (
    "convert them once, where transformers is installed: "
    "AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)"
)


class Files(Record):
    """The files of one checkpoint."""

    folder: Path
    weights: tuple[Path, ...]

    @property
    def config(self) -> Path:
        """What the model says of itself."""
        return self.folder / CONFIG

    @property
    def tokenizer(self) -> Path:
        """How it cuts text; refused where it is missing."""
        path = self.folder / TOKENIZER
        if not path.is_file():
            raise CouldNotError(
                f"{str(self.folder)!r} has no {TOKENIZER}, which says how text is cut; save one "
                "there, where transformers is installed: tokenizer.save_pretrained(FOLDER)"
            )
        return path


def files_in(folder: Path) -> Files:
    """The files of the checkpoint in a folder.

    Raises CouldNotError for a folder without one, InvalidInputError for weights in a format
    that could run code, or an index that points out of the folder.
    """
    if not (folder / CONFIG).is_file():
        raise CouldNotError(f"{str(folder)!r} has no {CONFIG}: it is no checkpoint")
    if (folder / WEIGHTS).is_file():
        return Files(folder, (folder / WEIGHTS,))
    if (folder / INDEX).is_file():
        names = shards(folder / INDEX)
        for name in names:
            if not (folder / name).is_file():
                raise CouldNotError(f"{str(folder)!r} has no {name!r}, which {INDEX} names")
        return Files(folder, tuple(folder / name for name in names))
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLED)
    if pickled:
        raise InvalidInputError(
            f"{str(folder)!r} keeps its weights in {pickled[0]!r}, a format that can run code "
            f"or needs its own framework; {CONVERT}"
        )
    raise CouldNotError(f"{str(folder)!r} has neither {WEIGHTS} nor {INDEX}")


def shards(index: Path) -> tuple[str, ...]:
    """The files that an index names, each once; plain names only.

    Names are judged by their letters: a hub's cache links each file to another folder, so
    where a path really leads says nothing.
    """
    table = read_json(index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise InvalidInputError(f"{str(index)!r} has no weight_map")
    return tuple(sorted(set(plain(table.values(), index))))


def plain(names: Iterable[object], index: Path) -> Iterable[str]:
    """Names that are nothing but the name of a safetensors file."""
    for name in names:
        strange = not isinstance(name, str) or not name.endswith(".safetensors")
        if strange or set(str(name)) & set("/\\:\0") or str(name).startswith("."):
            raise InvalidInputError(
                f"{str(index)!r} names the file {shown(name)}; it should be a .safetensors file "
                "beside it"
            )
        yield str(name)
