"""The tokenizer of a model and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attnviz.sources.checkpoint.files import TOKENIZER_CONFIG
from attnviz.sources.model.tokenizer_config import token_text

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer

SPECIAL_FILE = "special_tokens_map.json"


def model_tokenizer(checkpoint: Checkpoint) -> FileTokenizer:
    """The tokenizer. Raises CouldNotError where there is none."""
    return checkpoint.files.load_tokenizer()


def tokenizer_settings(checkpoint: Checkpoint) -> Mapping[str, Any]:
    """tokenizer_config.json, and special_tokens_map.json for the tokens that it leaves out.

    Raises InvalidInputError for a file that is no JSON object.
    """
    files = map(checkpoint.files.read_document, (SPECIAL_FILE, TOKENIZER_CONFIG))
    return {
        key: value for file in files if file for key, value in file.items() if value is not None
    }


def find_special_token(checkpoint: Checkpoint, name: str) -> str | None:
    """The text of a special token by its name ("mask_token"); None where no file states it."""
    return token_text(tokenizer_settings(checkpoint).get(name))
