"""The tokenizer of a model and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attnviz.sources.checkpoint.config import read_json
from attnviz.sources.model.tokenizer_config import FILE, token_text

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer

SPECIAL_FILE = "special_tokens_map.json"


def model_tokenizer(checkpoint: Checkpoint) -> FileTokenizer:
    """The tokenizer. Raises CouldNotError where there is none."""
    from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer

    return load_tokenizer(checkpoint.files.tokenizer)


def tokenizer_settings(checkpoint: Checkpoint) -> Mapping[str, Any]:
    """tokenizer_config.json, and special_tokens_map.json for the tokens that it leaves out.

    Raises InvalidInputError for a file that is no JSON object.
    """
    paths = (checkpoint.files.folder / name for name in (SPECIAL_FILE, FILE))
    files = [read_json(path) for path in paths if path.is_file()]
    return {key: value for file in files for key, value in file.items() if value is not None}


def find_special_token(checkpoint: Checkpoint, name: str) -> str | None:
    """The text of a special token by its name ("mask_token"); None where no file states it."""
    return token_text(tokenizer_settings(checkpoint).get(name))
