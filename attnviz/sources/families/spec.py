"""Specification of a model family: names of tensors, layer structure, and attention parts.

A specification computes nothing. A setting that depends on the config (a bias, a norm before
or after) is given as the config key that decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, TypeAlias

from attnviz.core.biases import Bias
from attnviz.core.masks import Full, Mask
from attnviz.core.positions import NoPosition, Position
from attnviz.core.scales import RootDim, Scale
from attnviz.core.scores import Dot, Score
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config

Flag: TypeAlias = bool | str  # a value, or the config key that holds it
Kind: TypeAlias = Literal["encoder", "decoder", "encoder-decoder"]


class Layer(Record):
    """A layer, for which parts are chosen: the config, and the index of the layer."""

    config: Config
    index: int


class Slots(Record, kw_only=True):
    """The mechanism of a layer, slot by slot: functions that choose a part by the config.

    `params` names the tensors of learned parameters of biases, by parameter name, as in
    {"bucket_bias": "encoder.relative_attention_bias.weight"}; they are stored [bucket, head].
    """

    position: Callable[[Layer], Position] = lambda layer: NoPosition()
    score: Callable[[Layer], Score] = lambda layer: Dot()
    scale: Callable[[Layer], Scale] = lambda layer: RootDim()
    bias: Callable[[Layer], tuple[Bias, ...]] = lambda layer: ()
    mask: Callable[[Layer], Mask] = lambda layer: Full()
    params: Mapping[str, str] = field(default_factory=dict)


class RelativeTables(Record, kw_only=True):
    """Embeddings of relative positions, which each layer projects into keys and queries.

    `key` and `query` are the layer's projections of them; where the config key `shared` is
    true, they are the projections of the tokens.
    """

    table: str
    norm: str
    key: str
    query: str
    shared: str


class Norm(Record, kw_only=True):
    """Layer norm, or RMS norm, which does not subtract the mean."""

    kind: Literal["layer", "rms"] = "layer"
    bias: Flag = True
    plus_one: bool = False  # weight - 1 is stored


class Embedding(Record, kw_only=True):
    """The embedding layer: names of its tables, and how they are combined.

    Formula: project(norm(scale · token[id] + position[i + offset] + segment[s]))
    """

    token: tuple[str, ...]  # names of the table; the first that exists counts
    position: str = ""  # a learned table
    position_if: Flag = True
    sinusoids: Literal["", "halves", "fairseq"] = ""
    offset: int | Literal["pad"] = 0  # rows before the first position; "pad": pad_token_id + 1
    segment: str = ""
    separate_segments: bool = True  # whether segment B has its own row of the table
    norm: str = ""
    scale: Flag = False  # multiply by √d_model
    project: str = ""  # linear layer from the embedding size to the hidden size
    project_bias: bool = True
    project_at: Literal["token", "sum", "end"] = "end"
    project_always: bool = False


class NormPlacement(Record, kw_only=True):
    """Layer norms around a sublayer: end(x + after(sublayer(before(x)))); "" is none."""

    before: str = ""
    after: str = ""
    end: str = ""
    before_from: int = 0  # index of the first layer with the norm `before`


class Attention(NormPlacement, kw_only=True):
    """Projections and mechanism of self-attention or cross-attention.

    A `fused` projection is one matrix for query, key and value: by "parts", all queries, then
    all keys, then all values; by "heads", query, key and value of each head together.
    """

    query: str = ""
    key: str = ""
    value: str = ""
    fused: str = ""
    fused_by: Literal["parts", "heads"] = "parts"
    output: str
    bias: Flag = True
    output_bias: Flag = True
    query_norm: str = ""
    key_norm: str = ""
    norm_each_head: bool = True
    relative_tables: RelativeTables | None = None
    slots: Slots = field(default_factory=Slots)


class FeedForward(NormPlacement, kw_only=True):
    """The feed-forward layer: down(act(up(x))), or gated down(act(gate(x)) · up(x)).

    With `fused`, the matrix `up` holds gate and up, one after the other.
    """

    up: str
    down: str
    gate: str = ""
    fused: bool = False
    bias: Flag = True
    activation_aliases: Mapping[str, str] = field(default_factory=dict)  # by their name in configs


class Stack(Record, kw_only=True):
    """An encoder or decoder; `layer` is the tensor-name prefix of a layer, with {i} or {group}."""

    layer: str
    embedding: Embedding
    attention: Attention
    cross: Attention | None = None
    feed_forward: FeedForward
    norm: Norm = field(default_factory=Norm)
    parallel: Flag = False  # attention and feed-forward layer read the same input
    in_first: bool = False  # matrices are stored [in, out]
    final: str = ""  # layer norm after the last layer
    final_project: str = ""  # linear layer back to the embedding size


def keep_spec(stack: Stack, config: Config) -> Stack:
    """The specification unchanged, for families that need no `adapt`."""
    del config
    return stack


class Family(Record, kw_only=True):
    """A model family: one `model_type` of config.json.

    `stacks` by side: "encoder", "decoder" or both. `defaults` hold the family's values for
    keys that a config leaves out, `keys` its keys by name (sources/checkpoint/config), none for
    a setting that is fixed; `allowed_values` those that are supported, by config key.
    `lm_head` are names of the output matrix (logits of the next token), of which the first
    that exists counts. `adapt` changes a stack by the config where a key cannot.
    """

    name: str
    kind: Kind
    paper: str
    stacks: Mapping[str, Stack]
    prefixes: tuple[str, ...] = ("",)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allowed_values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    lm_head: tuple[str, ...] = ()
    lm_head_bias: str = ""
    adapt: Callable[[Stack, Config], Stack] = keep_spec

    def config(self, values: Mapping[str, Any]) -> Config:
        """The settings of a checkpoint of this family, from the values of config.json."""
        return Config(values, self.defaults, keys=self.keys)

    @property
    def auto_class(self) -> str:
        """The class of transformers that saves a checkpoint of this family with its head."""
        kinds = {"decoder": "AutoModelForCausalLM", "encoder-decoder": "AutoModelForSeq2SeqLM"}
        return kinds.get(self.kind, "AutoModel")
