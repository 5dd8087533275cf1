"""Files of a checkpoint: config.json, tokenizer.json and the weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import format_value, read_json
from attnviz.sources.checkpoint.other_folders import refuse_other_folder
from attnviz.sources.checkpoint.other_weights import weights_error
from attnviz.sources.checkpoint.tensors import Tensor
from attnviz.sources.checkpoint.weight_files import read_tensors
from attnviz.sources.safe_read import decode_text, read_file

if TYPE_CHECKING:
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
# In the order in which they are read; an index lists the files of a divided checkpoint.
WEIGHT_NAMES = ("model.safetensors", "pytorch_model.bin")
WEIGHTS, INDEX = WEIGHT_NAMES[0], f"{WEIGHT_NAMES[0]}.index.json"


class CheckpointFiles(Record):
    """The files of one checkpoint."""

    folder: Path
    weights: tuple[Path, ...]

    def read_document(self, name: str) -> dict[str, Any] | None:
        """The values of a JSON file of the folder; None where there is no such file.

        Those of config.json may be NaN or infinite, as in families that are not supported.
        """
        path = self.folder / name
        return read_json(path, is_lenient=name == CONFIG) if path.is_file() else None

    def read_text(self, name: str, limit: int) -> str | None:
        """The content of a text file of the folder; None where there is no such file."""
        path = self.folder / name
        return decode_text(read_file(path, limit, repr(str(path)))) if path.is_file() else None

    def read_tensors(self) -> dict[str, Tensor]:
        """The tensors by name, memory-mapped."""
        return read_tensors(self.weights)

    @property
    def has_tokenizer_json(self) -> bool:
        """Whether there is a tokenizer.json."""
        return (self.folder / TOKENIZER).is_file()

    def describe_tokenizer(self) -> str:
        """The files of the tokenizer, and what they are."""
        from attnviz.sources.tokenizing.tokenizer_folder import describe_tokenizer

        return describe_tokenizer(self.folder)

    def load_tokenizer(self, *, is_target: bool = False) -> FileTokenizer:
        """The tokenizer; with `is_target`, that of the target language, where there are two."""
        from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer

        return load_tokenizer(self.tokenizer, is_target=is_target)

    @property
    def tokenizer(self) -> Path:
        """Path of tokenizer.json, or of the folder, which may have other tokenizer files."""
        path = self.folder / TOKENIZER
        return path if path.is_file() else self.folder


def find_files(folder: Path) -> CheckpointFiles:
    """The files of the checkpoint in a folder.

    Raises CouldNotError for a folder without one, InvalidInputError for weights in another
    format, or for an index that points outside of the folder; each says what to type next.
    """
    refuse_other_folder(folder)
    if not (folder / CONFIG).is_file():
        raise CouldNotError(
            f"{str(folder)!r} is not a model folder (no {CONFIG}); give one, or the name of a "
            "model: --model OWNER/NAME"
        )
    for weights in WEIGHT_NAMES:
        if (folder / weights).is_file():
            return CheckpointFiles(folder, (folder / weights,))
        index = folder / f"{weights}.index.json"
        if index.is_file():
            names = shard_names(index)
            for name in names:
                if not (folder / name).is_file():
                    raise CouldNotError(
                        f"{str(folder)!r} has no {name!r}, which {index.name} lists"
                    )
            return CheckpointFiles(folder, tuple(folder / name for name in names))
    raise weights_error(folder, " or ".join(WEIGHT_NAMES))


def shard_names(index: Path) -> tuple[str, ...]:
    """Names of the weight files that an index lists, each once.

    Names are checked, not resolved paths: in the Hub's cache every file is a link to another
    folder.
    """
    table = read_json(index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise InvalidInputError(f"{str(index)!r} has no weight_map")
    return tuple(sorted(set(check_shard_names(table.values(), index))))


def check_shard_names(names: Iterable[object], index: Path) -> Iterable[str]:
    """The names. Raises InvalidInputError for one without the extension that the index names."""
    extension = Path(index.name.removesuffix(".index.json")).suffix
    for name in names:
        is_other = not isinstance(name, str) or not name.endswith(extension)
        if is_other or set(str(name)) & set("/\\:\0") or str(name).startswith("."):
            raise InvalidInputError(
                f"{str(index)!r} lists the file {format_value(name)}; it should be a "
                f"{extension} file in the same folder"
            )
        yield str(name)
