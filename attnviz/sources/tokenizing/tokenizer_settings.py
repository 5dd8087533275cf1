"""Settings of a tokenizer.json: all of it but the model, whose vocabulary is most of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import decode_text
from attnviz.sources.strict_json import SPACE, parse_at, parse_json

SETTINGS = ("added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder")
# A setting that follows the model would replace the one before it. In a vocabulary the same
# words are followed by a number. A letter of such a key may be escaped.
SETTING_AFTER_MODEL = re.compile(rf'"(?:{"|".join(SETTINGS)})"\s*:(?!\s*[-\d])|\\u00[5-7]')


def read_settings(content: bytes, name: str) -> Mapping[str, Any]:
    """The settings of a tokenizer.json, by key.

    Raises InvalidInputError for content that is not a JSON object.
    """
    try:
        text = decode_text(content)
    except InvalidInputError as error:
        raise InvalidInputError(f"tokenizer {name!r} is not JSON: {error}") from None
    settings = read_before_model(text)
    return parse_document(text, name) if settings is None else settings


def parse_document(text: str, name: str) -> Mapping[str, Any]:
    """The whole file. Raises InvalidInputError for a text that is not a JSON object."""
    try:
        document = parse_json(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"tokenizer {name!r}: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInputError(
            f"tokenizer {name!r} should be a JSON object, as tokenizer.json files are; it is a "
            f"{type(document).__name__}"
        )
    return document


def read_before_model(text: str) -> Mapping[str, Any] | None:
    """The members of a JSON object before its "model"; None where that may not be all settings.

    The library writes the model last, so most files need no more than this.
    """
    settings: dict[str, Any] = {}
    position, separator = skip_space(text, 0), "{"
    try:
        while text.startswith(separator, position):
            key, position = parse_at(text, position + 1)
            position = skip_space(text, position)
            if not isinstance(key, str) or key in settings or not text.startswith(":", position):
                return None
            if key == "model":
                return None if SETTING_AFTER_MODEL.search(text, position) else settings
            settings[key], position = parse_at(text, position + 1)
            position, separator = skip_space(text, position), ","
    except InvalidInputError:  # reading all of it says where
        pass
    return None


def skip_space(text: str, position: int) -> int:
    """The position of the next character that is not JSON white space."""
    return SPACE.match(text, position).end()  # type: ignore[union-attr]
