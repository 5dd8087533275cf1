"""config.json: its settings by one name each, with the defaults of the model family."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.config_keys import CHECKPOINT_KEYS, CONFIG_KEYS, SIDE_KEYS
from attnviz.sources.checkpoint.config_ranges import (
    COUNT,
    FLOAT_RANGES,
    INT_RANGES,
    POSITIVE,
    describe_range,
)
from attnviz.sources.safe_read import decode_text, read_file
from attnviz.sources.strict_json import DECODER, LENIENT, parse_json

MAX_BYTES = 4 << 20  # bytes; configs have a few thousand


class Config(Record):
    """Settings of a checkpoint, by the names of CONFIG_KEYS or by the keys of the file.

    `values` is config.json, `defaults` the family's values for what it leaves out, `side` the
    stack of an encoder-decoder ("encoder" or "decoder") whose settings take precedence, `keys`
    the family's keys by name; a setting without keys has its default.
    """

    values: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    side: str = ""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def for_side(self, side: str) -> Config:
        """The settings of the encoder or of the decoder."""
        return replace(self, side=side)

    @cached_property
    def lookups(self) -> dict[str, tuple[str, Any]]:
        """Settings that were found before: each layer needs the same ones."""
        return {}

    def find(self, name: str) -> tuple[str, Any]:
        """The key and value of a setting; null counts as left out."""
        if name not in self.lookups:
            self.lookups[name] = self.lookup(name)
        return self.lookups[name]

    def lookup(self, name: str) -> tuple[str, Any]:
        """Find a setting among the keys that it can have, else in the defaults."""
        side_keys = SIDE_KEYS.get(name, ()) if self.side else ()
        keys = [*(key.format(side=self.side) for key in side_keys), *self.keys_of(name)]
        for key in keys:
            if (value := self.value_of(key)) is not None:
                return key, value
        return next(iter(keys), name), self.defaults.get(name)

    def value_of(self, key: str) -> Any:
        """The value of a key; "a.b" is the key b of the object a."""
        outer, _, inner = key.partition(".")
        value = self.values.get(outer)
        return value.get(inner) if inner and isinstance(value, dict) else value

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The keys of a setting, apart from those of a side."""
        return self.keys[name] if name in self.keys else CONFIG_KEYS.get(name, (name,))

    def get(self, name: str) -> Any:
        """The value of a setting, or None."""
        return self.find(name)[1]

    def get_explicit(self, name: str) -> Any:
        """The value of a setting for which null is a value too, in place of the default."""
        keys = [key for key in self.keys_of(name) if key in self.values]
        return self.get(name) if not keys else self.values[keys[0]]

    def get_int(self, name: str, default: int | None = None) -> int:
        """An integer in its range (config_ranges)."""
        key, value = self.find(name)
        return check_int(key, default if value is None else value, name)

    def get_optional_int(self, name: str) -> int | None:
        """An integer in its range, or None where it is left out."""
        return None if self.get(name) is None else self.get_int(name)

    def get_ids(self, name: str) -> tuple[int, ...]:
        """The token ids of a setting that is one id, a list of ids, or left out."""
        key, value = self.find(name)
        if value is None:
            return ()
        ids = value if isinstance(value, list) else [value]
        return tuple(check_int(key, token_id, name) for token_id in ids)

    def get_float(self, name: str, default: float | None = None) -> float:
        """A number in its range (config_ranges)."""
        key, value = self.find(name)
        return check_float(key, default if value is None else value, name)

    def get_optional_float(self, name: str) -> float | None:
        """A number in its range, or None where it is left out."""
        return None if self.get(name) is None else self.get_float(name)

    def get_bool(self, name: str, *, default: bool = False) -> bool:
        """A boolean, or the default where it is left out."""
        key, value = self.find(name)
        if value is not None and not isinstance(value, bool):
            raise_invalid(key, value, "true or false")
        return default if value is None else value

    def get_str(self, name: str) -> str:
        """A string."""
        key, value = self.find(name)
        if not isinstance(value, str):
            raise_invalid(key, value, "a string")
        return value

    def get_list(self, name: str, n: int) -> Sequence[Any] | None:
        """A list with one entry per layer, or None."""
        key, value = self.find(name)
        if value is not None and (not isinstance(value, list) or len(value) < n):
            raise_invalid(key, value, f"a list of {n}, one entry per layer")
        return value

    def get_dict(self, name: str) -> Mapping[str, Any]:
        """A JSON object; left out means an empty one."""
        key, value = self.find(name)
        if value is not None and not isinstance(value, dict):
            raise_invalid(key, value, "an object")
        return value or {}

    @property
    def is_causal(self) -> bool:
        """Whether a decoder masks later tokens; embedding models made of decoders do not."""
        is_causal = self.get_bool("is_causal", default=True)
        return is_causal and not self.get_bool("is_bidirectional")

    @property
    def d_head(self) -> int:
        """Head dimension."""
        if self.get("d_head") is not None:
            return self.get_int("d_head")
        d_model, n_head = self.get_int("d_model"), self.get_int("n_head")
        if d_model % n_head:
            raise InvalidInputError(
                f"config.json: {self.find('d_model')[0]} = {d_model} is not divisible by "
                f"{self.find('n_head')[0]} = {n_head}"
            )
        return d_model // n_head

    def inner_size(self, name: str = "d_inner") -> int:
        """Inner size of the feed-forward layer; by default 4 times the hidden size."""
        return self.get_int(name, 4 * self.get_int("d_model"))

    @property
    def n_kv_head(self) -> int:
        """Number of key/value heads."""
        n_head = self.get_int("n_head")
        if self.get_bool("multi_query") and not self.get_bool("new_decoder_architecture"):
            return 1  # settings of some families only
        n_kv_head = self.get_int("n_kv_head", n_head)
        if n_head % n_kv_head:
            raise InvalidInputError(
                f"config.json: {self.find('n_kv_head')[0]} = {n_kv_head} does not divide "
                f"{self.find('n_head')[0]} = {n_head}"
            )
        return n_kv_head


def inner_values(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The values under a key, and those outside of it that concern the whole checkpoint."""
    inner = values.get(key)
    if not isinstance(inner, dict):
        raise_invalid(key, inner, "an object")
    return inner | {name: values[name] for name in CHECKPOINT_KEYS if values.get(name) is not None}


def check_int(key: str, value: Any, name: str) -> int:
    """The value of `key`, if it is an integer in the range of the setting `name`."""
    low, high = allowed = INT_RANGES.get(name, COUNT)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise_invalid(key, value, describe_range("an integer", allowed))
    return value


def check_float(key: str, value: Any, name: str) -> float:
    """The value of `key`, if it is a number in the range of the setting `name`."""
    low, high = allowed = FLOAT_RANGES.get(name, POSITIVE)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise_invalid(key, value, describe_range("a number", allowed))
    return float(value)


def raise_invalid(key: str, value: Any, expected: str) -> NoReturn:
    """Raise InvalidInputError for a value that cannot be used."""
    what = f"{key} = {format_value(value)}" if value is not None else f"{key} is missing; it"
    raise InvalidInputError(f"config.json: {what} should be {expected}")


def format_value(value: Any) -> str:
    """A value of a config as JSON, shortened to 58 characters."""
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= 60 else text[:57] + "…"


def read_json(path: Path, *, is_lenient: bool = False) -> dict[str, Any]:
    """A JSON object from an untrusted file; `is_lenient` allows NaN and infinity.

    Raises CouldNotError for a file that cannot be read, InvalidInputError for anything but one
    object of at most MAX_BYTES, without duplicate keys, NaN or infinity.
    """
    content = read_file(path, MAX_BYTES, repr(str(path)))
    try:
        document = parse_json(decode_text(content), LENIENT if is_lenient else DECODER)
    except InvalidInputError as error:
        raise InvalidInputError(f"{str(path)!r}: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInputError(f"{str(path)!r} should hold a JSON object")
    return document
