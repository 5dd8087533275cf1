"""What a row states about an architecture of GGUF files, and the changes of the converter.

Rows stand in the modules beside this one (`gguf.rows` lists them). A row states what llama.cpp's
converter does to a checkpoint of the family: how it names metadata and tensors, and which tensors
it changes. A tensor or a setting that the row does not name is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any

from attnviz.record import Record
from attnviz.sources.checkpoint.gguf.tensors import GgufTensor, fused_heads, rotated_pairs

Values = Mapping[str, Any]  # of a config, by the keys of config.json
Change = Callable[[GgufTensor, Values], GgufTensor]


class Architecture(Record, kw_only=True):
    """One `general.architecture`.

    `settings`: metadata key, without the architecture, to the key in config.json. `tensors`:
    name in the file to name in the family, {i} for the layer, without ".weight" and ".bias"; with
    {e}, the stored tensor is that of all experts (or heads), and the family has one for each; with
    |0 and |1 at the end, two tensors are one with alternating rows in the family.
    `values` are settings that the files do not state; `values_with` and `tensors_with` take
    precedence where a tensor exists, and `derive` follows from the settings of the file. `changes`
    undo the converter's changes, by the tensor's name in the file. `neutral` are values of keys
    that change nothing. Of several rows of a name, the first one counts whose tensor or key
    `requires` is in the file.
    """

    name: str
    family: str
    settings: Mapping[str, str]
    tensors: Mapping[str, str]
    values: Values = field(default_factory=dict)
    derive: Callable[[Values], Values] = lambda values: {}
    values_with: Mapping[str, Values] = field(default_factory=dict)
    tensors_with: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    neutral: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    requires: str = ""
    has_partial_rotary: bool = False
    rope_scaling: Values = field(default_factory=dict)  # members that files do not state
    scaled_layers: str = ""  # the type of layers with scaled RoPE; "": all


def unrotate_queries(tensor: GgufTensor, values: Values) -> GgufTensor:
    """Query rows as the family's rotary embedding needs them."""
    n_head = values["num_attention_heads"]
    return replace(tensor, order=rotated_pairs(n_head, tensor.shape[0] // n_head))


def unrotate_keys(tensor: GgufTensor, values: Values) -> GgufTensor:
    """Key rows as the family's rotary embedding needs them."""
    n_head = values.get("num_key_value_heads", values["num_attention_heads"])
    return replace(tensor, order=rotated_pairs(n_head, tensor.shape[0] // n_head))


def join_heads(tensor: GgufTensor, values: Values) -> GgufTensor:
    """Query, key and value rows of each head together."""
    n_head = values["num_attention_heads"]
    return replace(tensor, order=fused_heads(n_head, tensor.shape[0] // (3 * n_head)))


def transpose(tensor: GgufTensor, values: Values) -> GgufTensor:
    """A matrix [in, out]; its bias is as it was."""
    del values
    if len(tensor.shape) != 2:
        return tensor
    return replace(tensor, shape=tensor.shape[::-1], transposed=True)


def subtract_one(tensor: GgufTensor, values: Values) -> GgufTensor:
    """The weight of a norm, to which the converter added 1."""
    del values
    return replace(tensor, added=1.0)


def as_matrix(tensor: GgufTensor, values: Values) -> GgufTensor:
    """A matrix of one row, which is stored as a vector."""
    del values
    shape = tensor.shape if len(tensor.shape) > 1 else (1, *tensor.shape)
    return replace(tensor, shape=shape)


SIZES = MappingProxyType(
    {
        "block_count": "num_hidden_layers",
        "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size",
        "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
        "attention.head_count_kv": "num_key_value_heads",
        "attention.causal": "is_causal",
    }
)
