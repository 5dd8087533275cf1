"""Metadata of a GGUF file as the values of a config.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import (
    check_float,
    check_int,
    format_value,
)
from attnviz.sources.checkpoint.config_keys import CONFIG_KEYS
from attnviz.sources.checkpoint.config_ranges import MAX_LAYER
from attnviz.sources.checkpoint.gguf.architecture import Architecture
from attnviz.sources.checkpoint.gguf.header import GgufHeader
from attnviz.sources.checkpoint.gguf.rope import ROPE_KEYS, rope_values
from attnviz.sources.checkpoint.gguf.rows import ARCHITECTURES
from attnviz.sources.checkpoint.gguf.values import plain_value, raise_invalid

SETTINGS_OF_KEYS = {key: name for name, keys in CONFIG_KEYS.items() for key in keys}
REQUIRED = ("block_count", "embedding_length", "attention.head_count")
# Keys that change no number here: sizes that the tensors have too, and notes of the converter.
WITHOUT_EFFECT = frozenset(
    [
        *("vocab_size", "pooling_type", "tensor_data_layout", "rope.scaling.finetuned"),
        "classifier.output_labels",
    ]
)
WINDOW_SIZE = "attention.sliding_window"  # 0: no window
# Keys that may stand in a file with the value that means nothing.
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "expert_count": (0,),
    "expert_used_count": (0,),
    "attention.clamp_kqv": (0.0,),
    "attention.max_alibi_bias": (0.0,),
    "rope.scaling.yarn_log_multiplier": (0.0,),
    "logit_scale": (0.0, 1.0),
}
NAMES = ("hidden_activation",)  # settings that are strings; the family checks them
WINDOW_PATTERN = "attention.sliding_window_pattern"  # an array per layer, or a period
OTHER_TYPES = {
    "adapter": "a LoRA adapter, not a model: give the GGUF file that it is for, merged with it",
    "mmproj": "the image projector of a model: give the GGUF file of its language model",
    "imatrix": "an importance matrix, not a model",
    "vocab": "a vocabulary without weights",
}


def find_architecture(header: GgufHeader) -> Architecture:
    """The row of a file. Raises InvalidInputError for a file that no row can read."""
    metadata = header.metadata
    kind, n_part = metadata.get("general.type", "model"), metadata.get("split.count", 1)
    if isinstance(n_part, int) and n_part > 1:
        number = metadata.get("split.no", 0)
        raise InvalidInputError(
            f"{str(header.path)!r} is part {number + 1} of {n_part} of a split GGUF file; "
            "merge them: `llama-gguf-split --merge FIRST_PART MERGED.gguf`"
        )
    name = metadata.get("general.architecture")
    kind = "mmproj" if name == "clip" else kind
    if isinstance(kind, str) and kind in OTHER_TYPES:
        raise InvalidInputError(f"{str(header.path)!r} is {OTHER_TYPES[kind]}")
    for row in ARCHITECTURES:
        names = ("", *header.tensors, *metadata)
        if row.name == name and row.requires in names:
            return row
    supported = ", ".join(row.name for row in ARCHITECTURES)
    what = f"architecture {name!r:.80}" if name is not None else "a file without architecture"
    raise InvalidInputError(f"GGUF {what} is not supported. Supported: {supported}")


def config_values(header: GgufHeader, row: Architecture) -> dict[str, Any]:
    """The settings of the model, by the keys of config.json.

    Raises InvalidInputError, with the metadata key, for a value out of range and for a key that
    changes the model and that the row does not name.
    """
    keys = {
        key.removeprefix(f"{row.name}."): key
        for key in header.metadata
        if key.startswith(f"{row.name}.")
    }
    for required in REQUIRED:
        if required not in keys:
            raise_invalid(f"{row.name}.{required}", None, "a number")
    check_keys(header, row, keys)
    values: dict[str, Any] = {"model_type": row.family, **row.values}
    for name in row.values_with:
        values |= row.values_with[name] if name in header.tensors else {}
    for short, setting in row.settings.items():
        if short in keys:
            value = header.metadata[keys[short]]
            if short == WINDOW_PATTERN and isinstance(value, np.ndarray):
                values["layer_types"] = layer_types(keys[short], value)
            elif short == WINDOW_SIZE and plain_value(value) == 0:
                values[setting] = None
            else:
                values[setting] = read_setting(keys[short], value, setting)
    values["vocab_size"] = table_rows(header, "token_embd.weight")
    values["tie_word_embeddings"] = "output.weight" not in header.tensors
    values |= table_sizes(header) | token_ids(header.metadata) | dense_layers(header, row)
    check_head_sizes(header.metadata, row, values)
    values |= row.derive(values)
    return values | rope_values(header, row, values)


def check_keys(header: GgufHeader, row: Architecture, keys: Mapping[str, str]) -> None:
    """Raise InvalidInputError for a metadata key of the architecture that is not read."""
    for short, key in keys.items():
        if short in row.settings or short in ROPE_KEYS:
            continue
        if short in WITHOUT_EFFECT and short not in row.neutral:
            continue
        if short == "attention.value_length":  # compared with the key's
            continue
        value = plain_value(header.metadata[key])
        if value not in (*NEUTRAL.get(short, ()), *row.neutral.get(short, ())):
            raise InvalidInputError(
                f"GGUF metadata: {ascii(key)[1:-1]:.80} = {format_value(value)} is not supported "
                f"for architecture {row.name!r}"
            )


def read_setting(key: str, value: Any, setting: str) -> Any:
    """A setting in its range; of numbers per layer that are the same, that number."""
    value = plain_value(value)
    if isinstance(value, list) and value and all(n == value[0] for n in value):
        value = value[0]
    name = SETTINGS_OF_KEYS.get(setting, setting)
    if isinstance(value, bool) or (setting in NAMES and isinstance(value, str)):
        return value
    check = check_float if isinstance(value, float) else check_int
    try:
        return check(key, value, "base" if setting == "rope_theta" else name)
    except InvalidInputError as error:
        raise InvalidInputError(f"GGUF metadata: {str(error).split(': ', 1)[-1]}") from None


def layer_types(key: str, pattern: Any) -> list[str]:
    """The type of each layer, from an array that is true for those with a sliding window."""
    marks = plain_value(pattern)
    if not set(marks) <= {0, 1}:
        raise_invalid(key, marks, "an array of true and false")
    return ["sliding_attention" if mark else "full_attention" for mark in marks]


def table_rows(header: GgufHeader, name: str) -> int:
    """Number of rows of a table."""
    if name not in header.tensors:
        raise InvalidInputError(f"{str(header.path)!r} has no tensor {name!r}")
    return header.tensors[name].shape[0]


def table_sizes(header: GgufHeader) -> dict[str, int]:
    """Sizes that the tables of position and segment embeddings have."""
    sizes = {}
    if "position_embd.weight" in header.tensors:
        sizes["max_position_embeddings"] = table_rows(header, "position_embd.weight")
        tensor = header.tensors.get("token_types.weight")
        sizes["type_vocab_size"] = 0 if tensor is None else math.prod(tensor.shape[:-1])
    return sizes


def dense_layers(header: GgufHeader, row: Architecture) -> dict[str, list[int]]:
    """The layers without a router, in a model with experts."""
    if "blk.{i}.ffn_gate_inp" not in row.tensors:
        return {}
    n_layer = header.metadata[f"{row.name}.block_count"]
    layers = range(n_layer if isinstance(n_layer, int) else 0)
    names = ((i, f"blk.{i}.ffn_gate_inp.weight") for i in layers[:MAX_LAYER])
    return {"mlp_only_layers": [i for i, name in names if name not in header.tensors]}


def token_ids(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Token ids of the tokenizer; any of the end tokens ends a sequence."""
    ids: dict[str, Any] = {}
    for name, key in (("bos_token_id", "bos"), ("pad_token_id", "padding")):
        value = metadata.get(f"tokenizer.ggml.{key}_token_id")
        if isinstance(value, int):
            ids[name] = value
    ends = [metadata.get(f"tokenizer.ggml.{key}_token_id") for key in ("eos", "eot", "eom")]
    if end_ids := list(dict.fromkeys(n for n in ends if isinstance(n, int))):
        ids["eos_token_id"] = end_ids
    return ids


def check_head_sizes(
    metadata: Mapping[str, Any], row: Architecture, values: dict[str, Any]
) -> None:
    """Set the head dimension that the file implies; refuse values of another dimension."""
    d_model, n_head = values["hidden_size"], values["num_attention_heads"]
    n_kv_head = values.get("num_key_value_heads", n_head)
    if n_head % n_kv_head:
        key = f"{row.name}.attention.head_count"
        raise InvalidInputError(
            f"GGUF metadata: {key}_kv = {n_kv_head} does not divide {key} = {n_head}"
        )
    name = row.settings.get("attention.key_length", "head_dim")
    if name not in values:
        if d_model % n_head:
            raise InvalidInputError(
                f"GGUF metadata: {row.name}.embedding_length = {d_model} is not divisible by "
                f"{row.name}.attention.head_count = {n_head}"
            )
        values[name] = d_model // n_head
    key = f"{row.name}.attention.value_length"
    if metadata.get(key, values[name]) != values[name]:
        raise_invalid(key, metadata[key], f"{values[name]}, the length of a key")
