"""What a checkpoint is read from: a folder of files, or a GGUF file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.files import INDEX, WEIGHTS, find_files

if TYPE_CHECKING:
    from attnviz.sources.checkpoint.tensors import Tensor
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer

GGUF_EXTENSION = ".gguf"
OLLAMA_BLOB = "sha256-*"  # files without an extension, some of which are GGUF files


class CheckpointSource(Protocol):
    """The parts of a checkpoint."""

    @property
    def folder(self) -> Path:
        """The folder of the files."""

    @property
    def weights(self) -> tuple[Path, ...]:
        """The files that hold the tensors."""

    def read_document(self, name: str) -> Mapping[str, Any] | None:
        """The values of a JSON file ("config.json", …), or of what stands for it; else None."""

    def read_text(self, name: str, limit: int) -> str | None:
        """The content of a text file of at most `limit` bytes; None where there is none."""

    def read_tensors(self) -> Mapping[str, Tensor]:
        """The tensors by name; their numbers are read when they are used."""

    @property
    def has_tokenizer_json(self) -> bool:
        """Whether the tokenizer is a tokenizer.json, which other settings may contradict."""

    def describe_tokenizer(self) -> str:
        """The kind of the tokenizer, and where it comes from.

        Raises CouldNotError where there is none, InvalidInputError for one without support.
        """

    def load_tokenizer(self, *, is_target: bool = False) -> FileTokenizer:
        """The tokenizer; with `is_target`, that of the target language, where there are two.

        Raises CouldNotError where there is none, InvalidInputError for one that is damaged.
        """


def find_source(path: Path) -> CheckpointSource:
    """The checkpoint at a path: a GGUF file, or a folder with a checkpoint or one GGUF file.

    Raises CouldNotError for a folder without a checkpoint, InvalidInputError for a folder with
    several GGUF files and for files that are damaged or not supported.
    """
    if path.is_file():
        return open_gguf_file(path)
    has_safetensors = any((path / name).is_file() for name in (WEIGHTS, INDEX))
    files = [] if has_safetensors else find_gguf_files(path)
    if len(files) > 1:
        names = list_names([file.name for file in files])
        raise InvalidInputError(
            f"{str(path)!r} has {len(files)} GGUF files ({names}); give the path of one, as in "
            f"--model {str(files[0])!r}"
        )
    return open_gguf_file(files[0]) if files else find_files(path)


def find_gguf_files(folder: Path) -> list[Path]:
    """The GGUF files of a folder, and blobs of Ollama that are GGUF files."""
    from attnviz.sources.checkpoint.gguf.header import is_gguf

    blobs = filter(is_gguf, folder.glob(OLLAMA_BLOB))
    return sorted(path for path in (*folder.glob(f"*{GGUF_EXTENSION}"), *blobs) if path.is_file())


def list_names(names: Sequence[str], limit: int = 6) -> str:
    """The first names of a list."""
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")


def open_gguf_file(path: Path) -> CheckpointSource:
    """A GGUF file; its modules are imported when there is one."""
    from attnviz.sources.checkpoint.gguf.file import open_gguf

    return open_gguf(path)
