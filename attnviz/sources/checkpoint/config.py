"""config.json: what it says, under each name in use, else what the family publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record

CAP = 4 << 20  # bytes; configs have a few thousand

# One word for each constant, and what configs call it; the first that says something counts.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "d_model": ("hidden_size", "n_embd", "n_embed", "d_model", "dim"),
        "n_layer": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
        "n_head": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
        "n_kv_head": ("num_key_value_heads",),
        "d_head": ("head_dim", "attention_head_size", "d_kv"),
        "d_inner": ("intermediate_size", "n_inner", "ffn_dim", "d_ff", "hidden_dim"),
        "d_embedding": ("embedding_size", "word_embed_proj_dim"),
        "n_vocab": ("vocab_size",),
        "n_position": ("max_position_embeddings", "n_positions"),
        "n_segment": ("type_vocab_size",),
        "eps": ("layer_norm_eps", "layer_norm_epsilon", "rms_norm_eps", "norm_eps"),
        "activation": (
            "hidden_activation",
            "hidden_act",
            "activation_function",
            "activation",
            "feed_forward_proj",
        ),
        "window": ("sliding_window", "window_size", "local_attention"),
        "base": ("rope_theta", "rotary_emb_base"),
        "full_attention_base": ("global_rope_theta",),
        "sliding_attention_base": ("local_rope_theta",),
        "rotary_share": ("partial_rotary_factor", "rotary_pct"),
        "dtype": ("dtype", "torch_dtype"),
    }
)

# An encoder and a decoder in one config.
OF_SIDE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "n_layer": ("{side}_layers", "num_{side}_layers"),
        "n_head": ("{side}_attention_heads",),
        "d_inner": ("{side}_ffn_dim",),
        "n_vocab": ("{side}_vocab_size",),
    }
)


class Config(Record):
    """What a checkpoint says of itself.

    `values` is config.json, `defaults` what the family means where it says nothing (by our
    words or by its keys), `side` the half of an encoder-decoder that is asked about.
    """

    values: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    side: str = ""

    def of(self, side: str) -> Config:
        """The same config, asked about the encoder or the decoder."""
        return replace(self, side=side)

    def find(self, word: str) -> tuple[str, Any]:
        """The key that says it and what it says; null says nothing."""
        sided = OF_SIDE.get(word, ()) if self.side else ()
        keys = [key.format(side=self.side) for key in sided] + [*NAMES.get(word, (word,))]
        for key in keys:
            if self.values.get(key) is not None:
                return key, self.values[key]
        return keys[0], self.defaults.get(word)

    def get(self, word: str) -> Any:
        """What is said, or None."""
        return self.find(word)[1]

    def stated(self, word: str) -> Any:
        """What is said where null is an answer too: there is none."""
        keys = [key for key in NAMES.get(word, (word,)) if key in self.values]
        return self.get(word) if not keys else self.values[keys[0]]

    def whole(self, word: str, otherwise: int | None = None) -> int:
        """A positive whole number."""
        key, value = self.find(word)
        value = otherwise if value is None else value
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 40:
            refuse(key, value, "a whole number above 0")
        return value

    def number(self, word: str, otherwise: float | None = None) -> float:
        """A number above 0."""
        key, value = self.find(word)
        value = otherwise if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e30:
            refuse(key, value, "a number above 0")
        return float(value)

    def flag(self, word: str) -> bool:
        """Yes or no; nothing means no."""
        key, value = self.find(word)
        if value not in (None, True, False):
            refuse(key, value, "true or false")
        return bool(value)

    def word(self, word: str) -> str:
        """A word."""
        key, value = self.find(word)
        if not isinstance(value, str):
            refuse(key, value, "a word")
        return value

    def list(self, word: str, n: int) -> Sequence[Any] | None:
        """A list with one entry a layer, or None."""
        key, value = self.find(word)
        if value is not None and (not isinstance(value, list) or len(value) < n):
            refuse(key, value, f"a list of {n}, one entry a layer")
        return value

    def table(self, word: str) -> Mapping[str, Any]:
        """A mapping; nothing means an empty one."""
        key, value = self.find(word)
        if value is not None and not isinstance(value, dict):
            refuse(key, value, "a mapping")
        return value or {}

    @property
    def d_head(self) -> int:
        """The width of one head."""
        if self.get("d_head") is not None:
            return self.whole("d_head")
        d_model, n_head = self.whole("d_model"), self.whole("n_head")
        if d_model % n_head:
            raise InvalidInputError(
                f"config.json: {self.find('d_model')[0]} = {d_model} is not divisible by "
                f"{self.find('n_head')[0]} = {n_head}"
            )
        return d_model // n_head

    @property
    def n_kv_head(self) -> int:
        """How many heads have keys of their own."""
        n_head = self.whole("n_head")
        n_kv_head = self.whole("n_kv_head", n_head)
        if n_head % n_kv_head:
            raise InvalidInputError(
                f"config.json: num_key_value_heads = {n_kv_head} does not divide "
                f"{self.find('n_head')[0]} = {n_head}"
            )
        return n_kv_head


def refuse(key: str, value: Any, wanted: str) -> NoReturn:
    """The sentence about a value that cannot be used."""
    said = f"{key} = {shown(value)}" if value is not None else f"{key} is missing; it"
    raise InvalidInputError(f"config.json: {said} should be {wanted}")


def shown(value: Any) -> str:
    """A value of a config, short enough for one line."""
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= 60 else text[:57] + "…"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that nobody vouches for.

    Raises CouldNotError where there is no file, InvalidInputError for anything but one object
    of sane size, without doubled keys, NaN or infinity.
    """
    try:
        with path.open("rb") as file:
            content = file.read(CAP + 1)
    except OSError as problem:
        raise CouldNotError(f"cannot read {str(path)!r}: {problem.strerror}") from None
    if len(content) > CAP:
        raise InvalidInputError(f"{str(path)!r} has more than {CAP >> 20} MB")
    try:
        document = json.loads(content, object_pairs_hook=once, parse_constant=finite)
    except RecursionError:
        raise InvalidInputError(f"{str(path)!r} is JSON nested too deeply") from None
    except ValueError as problem:
        raise InvalidInputError(f"{str(path)!r} is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise InvalidInputError(f"{str(path)!r} should hold a JSON object")
    return document


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping whose keys stand there once."""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {double!r} stands there twice")
    return made


def finite(word: str) -> NoReturn:
    """NaN and infinity are no JSON."""
    raise ValueError(f"{word} is no number")
