"""Special and added tokens of a tokenizer folder, from the files beside its vocabulary.

tokenizer_config.json, special_tokens_map.json and added_tokens.json are read, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.safe_read import decode_text, read_file
from attnviz.sources.strict_json import parse_json
from attnviz.sources.tokenizing.tokenizer_document import AddedToken

CONFIG, SPECIAL, ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
MODEL = "config.json"
SETTINGS_FILES = (CONFIG, SPECIAL, ADDED)
MAX_BYTES = 16 << 20  # bytes of one of these files
NAMES = tuple(f"{kind}_token" for kind in ["bos", "eos", "unk", "sep", "pad", "cls", "mask"])
FLAGS = ("special", "lstrip", "rstrip", "normalized", "single_word")
MAX_ADDED = 100_000  # tokens
TEMPLATE_WORD = re.compile(r"(?!\$[AB])\S+(?<!:[01])")


class FolderSettings(Record):
    """The settings files of a tokenizer folder; a file that is not there is empty."""

    config: Mapping[str, Any]
    special: Mapping[str, Any]
    added: Mapping[str, Any]
    model: Mapping[str, Any]

    def get(self, key: str, default: Any = None) -> Any:
        """A setting of tokenizer_config.json; null counts as left out."""
        value = self.config.get(key)
        return default if value is None else value

    def get_bool(self, key: str, default: bool | None) -> bool | None:
        """A boolean setting. Raises InvalidInputError for another value."""
        value = self.get(key, default)
        if value is not None and not isinstance(value, bool):
            raise InvalidInputError(f"{CONFIG}: {key} = {value!r:.60} should be true or false")
        return value

    def get_int(self, key: str, default: int, limit: int) -> int:
        """A count from 0 to `limit`. Raises InvalidInputError for another value."""
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
            raise InvalidInputError(
                f"{CONFIG}: {key} = {value!r:.60} should be an integer from 0 to {limit}"
            )
        return value

    def get_str(self, key: str, default: str) -> str:
        """A string setting. Raises InvalidInputError for another value."""
        value = self.get(key, default)
        if not isinstance(value, str):
            raise InvalidInputError(f"{CONFIG}: {key} = {value!r:.60} should be a string")
        return value

    @property
    def class_name(self) -> str:
        """The tokenizer's class in transformers, without "Fast"; "" where it is not stated."""
        name = self.config.get("tokenizer_class") or self.model.get("tokenizer_class")
        return name.removesuffix("Fast") if isinstance(name, str) else ""

    @property
    def model_type(self) -> str:
        """The `model_type` of config.json; "" where it is not stated."""
        name = self.model.get("model_type")
        return name if isinstance(name, str) else ""

    def token(self, name: str, default: AddedToken | str) -> AddedToken:
        """A special token by its name ("bos_token", …)."""
        base = AddedToken(default) if isinstance(default, str) else default
        for file, table in ((CONFIG, self.config), (SPECIAL, self.special)):
            if table.get(name) is not None:
                return read_token(table[name], base, f"{file}: {name}")
        return base

    def text(self, name: str, default: str) -> str:
        """The text of a special token that stands in a template.

        Raises InvalidInputError for a text that a template cannot hold.
        """
        text = self.token(name, default).content
        if text and not TEMPLATE_WORD.fullmatch(text):
            raise InvalidInputError(f"{name} = {text!r:.60} is not supported: it should be a word")
        return text

    def added_ids(self) -> Iterator[tuple[AddedToken, int]]:
        """The added tokens with their stated ids, in the order of these."""
        table = self.config.get("added_tokens_decoder") or {}
        if not isinstance(table, dict) or len(table) > MAX_ADDED or len(self.added) > MAX_ADDED:
            raise InvalidInputError(f"{CONFIG}: added_tokens_decoder should be an object")
        base = AddedToken("", special=False)
        tokens: dict[int, AddedToken] = {}
        special = {self.token(name, "") for name in NAMES} | set(self.further_tokens())
        texts = {token.content for token in special}
        for content, token_id in self.added.items():
            is_special = content in texts
            token = AddedToken(content, special=is_special, normalized=not is_special)
            tokens[check_id(token_id, ADDED)] = token
        for key, value in table.items():
            where = f"{CONFIG}: added_tokens_decoder"
            token_id = check_id(int(key) if key.isdecimal() and len(key) < 10 else key, where)
            tokens[token_id] = read_token(value, base, where)
        for token_id in sorted(tokens):
            yield tokens[token_id], token_id

    def further_tokens(self) -> Iterator[AddedToken]:
        """Additional special tokens, which have no name."""
        for table in (self.config, self.special):
            for key in ("additional_special_tokens", "extra_special_tokens"):
                values = table.get(key) or ()
                if isinstance(values, dict):
                    values = list(values.values())
                if not isinstance(values, list | tuple) or len(values) > MAX_ADDED:
                    raise InvalidInputError(f"{key} should be a list of tokens")
                for value in values:
                    yield read_token(value, AddedToken(""), key)

    def add_tokens(
        self,
        vocabulary: Mapping[str, int],
        named: Mapping[str, AddedToken | str],
        others: Iterable[AddedToken] = (),
    ) -> tuple[list[AddedToken], dict[str, int]]:
        """All added tokens, and the vocabulary with their ids.

        `named` are the defaults of special tokens by name, and `others` further added tokens of
        the tokenizer's class. Those that no file states count only where they are in the
        vocabulary. Raises InvalidInputError for stated ids that contradict the vocabulary, or
        that leave a gap after it.
        """
        ids, tokens = dict(vocabulary), dict[str, AddedToken]()
        for token, token_id in self.added_ids():
            stated = ids.setdefault(token.content, token_id)
            if stated != token_id or (
                token.content not in vocabulary and token_id != len(ids) - 1
            ):
                raise InvalidInputError(
                    f"the added token {token.content!r:.60} has id {token_id}; by the vocabulary "
                    f"it should have {min(stated, len(ids) - 1)}"
                )
            tokens[token.content] = token
        for name in NAMES:
            token = self.token(name, named.get(name, ""))
            is_stated = self.config.get(name) is not None or self.special.get(name) is not None
            if token.content and (is_stated or token.content in ids):
                tokens.setdefault(token.content, token)
        for token in (*others, *self.further_tokens()):
            tokens.setdefault(token.content, token)
        for content in tokens:
            ids.setdefault(content, len(ids))
        return list(tokens.values()), ids


def check_id(value: Any, where: str) -> int:
    """A token id. Raises InvalidInputError for another value."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise InvalidInputError(f"{where}: {value!r:.60} should be a token id")
    return value


def read_token(value: Any, base: AddedToken, where: str) -> AddedToken:
    """A token that a file gives as a string or an object; `base` has what it leaves out."""
    if isinstance(value, str):
        return base._replace(content=value)
    content = value.get("content") if isinstance(value, dict) else None
    if not isinstance(content, str):
        raise InvalidInputError(f"{where} should be a token, a string or an object with content")
    flags = {flag: value[flag] for flag in FLAGS if isinstance(value.get(flag), bool)}
    return base._replace(content=content, **flags)


def read_folder_settings(folder: Path) -> FolderSettings:
    """The settings files of a folder. Raises InvalidInputError for one that is no JSON object."""
    return FolderSettings(
        *(read_object(folder / name) for name in (CONFIG, SPECIAL, ADDED, MODEL))
    )


def read_object(path: Path) -> Mapping[str, Any]:
    """The JSON object of a file; empty where there is no such file."""
    if not path.is_file():
        return {}
    document = read_json_value(path)
    if not isinstance(document, dict):
        raise InvalidInputError(f"{path.name} should hold a JSON object")
    return document


def read_json_value(path: Path, limit: int = MAX_BYTES) -> Any:
    """The JSON value of a file, whose errors name it."""
    try:
        return parse_json(decode_text(read_file(path, limit, repr(str(path)))))
    except InvalidInputError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None
