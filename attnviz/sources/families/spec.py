"""Specification of a model family: names of tensors, layer structure, and attention parts.

A specification computes nothing. A setting that depends on the config (a bias, a norm before
or after) is given as the config key that decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, TypeAlias

from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config, inner_values
from attnviz.sources.families.output_heads import MaskedLMHead
from attnviz.sources.families.slots import Layer, Slots

Flag: TypeAlias = bool | str  # a value, or the config key that holds it
Kind: TypeAlias = Literal["encoder", "decoder", "encoder-decoder"]


class Norm(Record, kw_only=True):
    """Layer norm, or RMS norm, which does not subtract the mean; learned parameters or none."""

    kind: Literal["layer", "rms"] = "layer"
    weight: Flag = True  # without one, no learned parameters
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
    token_dropout: Flag = False  # mask tokens are 0, and the others scaled by their number (ESM)
    is_bounded: bool = True  # by the config's number of positions, where there is no table
    max_tokens: Callable[[Config], int | None] = lambda config: None  # beside other limits
    multiplier: str = ""  # config key of a factor
    project: str = ""  # linear layer from the embedding size to the hidden size
    project_bias: bool = True
    project_at: Literal["token", "sum", "end"] = "end"
    project_always: bool = False


class RelativeTables(Record, kw_only=True):
    """Embeddings of relative positions, which each layer projects into keys and queries.

    `key` and `query` are the layer's projections of them; where the config key `shared` is
    true, they are the projections of the tokens.
    """

    table: str
    norm: str = ""
    key: str
    key_bias: bool = True
    query: str
    shared: str = ""


class NormPlacement(Record, kw_only=True):
    """Layer norms around a sublayer: end(x + after(sublayer(before(x)))); "" is none."""

    before: str = ""
    after: str = ""
    end: str = ""
    before_from: int = 0  # index of the first layer with the norm `before`


class Attention(NormPlacement, kw_only=True):
    """Projections and mechanism of self-attention or cross-attention.

    A `fused` projection is one matrix for query, key and value: by "parts", all queries, then
    all keys, then all values; by "groups", the queries that share a key, then key and value of
    each key/value head; by "partitions", four parts of query, value and key. `part_biases` are
    names of bias vectors of query, key and value. Weights of query and key norms are "shared" by
    the heads, "joined" (one norm over all heads), "rows" (of a matrix, one per head), or "listed"
    (a tensor per head).
    """

    query: str = ""
    key: str = ""
    value: str = ""
    fused: str = ""
    fused_by: Literal["parts", "groups", "partitions"] = "parts"
    part_biases: tuple[str, str, str] = ("", "", "")
    output: str
    bias: Flag = True
    output_bias: Flag = True
    query_norm: str = ""
    key_norm: str = ""
    qk_norm_weights: Literal["shared", "joined", "rows", "listed"] = "shared"
    clip: str = ""  # config key: queries, keys and values are clipped to ± its value
    relative_tables: RelativeTables | None = None
    slots: Slots = field(default_factory=Slots)


class ExpertTensors(Record, kw_only=True):
    """Names of the matrices of the experts: with {e} one per expert, else one for all of them.

    Without `gate`, the matrix `up` holds gate and up: one after the other, or `interleaved`.
    Shapes: up [d_expert, d_model], down [d_model, d_expert], transposed with `in_first`, and
    with an axis for the experts before them where they are in one tensor
    """

    up: str
    down: str
    gate: str = ""
    up_bias: str = ""
    down_bias: str = ""
    interleaved: bool = False
    in_first: bool = False


class Experts(Record, kw_only=True):
    """A mixture of experts: feed-forward networks, of which a router chooses some per token.

    Formula: Σ w_e expert_e(x), w the `routing` of router(x). `normalize`: the weights of the
    chosen experts are divided by their sum. `tensors` and `router` are names of which the first
    that exists counts. `shared` is a feed-forward network for all tokens, times
    sigmoid(`shared_gate`(x)). `in_layer` says which layers have experts.
    """

    router: tuple[str, ...]
    router_bias: bool = False
    routing: Literal["softmax", "sparsemixer"] = "softmax"
    normalize: Flag = True
    tensors: tuple[ExpertTensors, ...]
    is_clamped: bool = False  # the SwiGLU of gpt-oss
    shared: FeedForward | None = None
    shared_gate: str = ""
    in_layer: Callable[[Layer], bool] = lambda layer: True


class FeedForward(NormPlacement, kw_only=True):
    """The feed-forward layer: down(act(up(x))), or gated down(act(gate(x)) · up(x)).

    With `fused`, the matrix `up` holds gate and up, one after the other. `d_inner` is the
    setting of its width. `activation` is for families whose config has no name of it. `xielu` is
    the prefix of xIELU's parameters. `experts` take its place in the layers that have them.
    """

    up: str
    down: str
    gate: str = ""
    fused: bool = False
    bias: Flag = True
    activation: str = ""
    activation_aliases: Mapping[str, str] = field(default_factory=dict)  # by their name in configs
    xielu: str = ""
    d_inner: str = "d_inner"
    experts: Experts | None = None


class Stack(Record, kw_only=True):
    """An encoder or decoder; `layer` is the tensor-name prefix of a layer, with {i} or {group}.

    A group of layers with shared weights has `inner_group_num` of them, {inner}.

    A name that begins with "/" is not below that prefix; it may have {i} itself.
    """

    layer: str
    embedding: Embedding
    attention: Attention
    cross: Attention | None = None
    feed_forward: FeedForward
    norm: Norm = field(default_factory=Norm)
    parallel: Flag = False  # attention and feed-forward layer read the same input
    residual_multiplier: str = ""  # config key of a factor of what sublayers add
    residual_after_norm: Flag = False  # the residual is the output of the norm `before`
    in_first: bool = False  # matrices are stored [in, out]
    convolution: str = ""  # of the embeddings, added after the first layer; its prefix
    final: str = ""  # layer norm after the last layer
    final_project: str = ""  # linear layer back to the embedding size


def no_scaling(config: Config) -> float:
    """The factor of logits that are not scaled."""
    del config
    return 1.0


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
    that exists counts; `masked_lm_head` is that of an encoder. Logits are multiplied by
    `logit_scale` and soft-capped by the setting `logit_softcap`. `adapt` changes a stack by the
    config where a key cannot. `features` are what distinguishes the family, in a few words.
    `layouts` are other stacks, by the name of a tensor that only checkpoints with them have.
    With `text_config`, the settings are those of a language model inside of another model, under
    that key.
    """

    name: str
    kind: Kind
    paper: str
    features: str = ""
    stacks: Mapping[str, Stack]
    prefixes: tuple[str, ...] = ("",)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allowed_values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    lm_head: tuple[str, ...] = ()
    lm_head_bias: str = ""
    masked_lm_head: MaskedLMHead | None = None
    layouts: Mapping[str, Mapping[str, Stack]] = field(default_factory=dict)
    logit_scale: Callable[[Config], float] = no_scaling
    logit_softcap: str = ""
    adapt: Callable[[Stack, Config], Stack] = keep_spec
    text_config: str = ""

    def config(self, values: Mapping[str, Any]) -> Config:
        """The settings of a checkpoint of this family, from the values of config.json."""
        if self.text_config:
            values = inner_values(values, self.text_config)
        return Config(values, self.defaults, keys=self.keys)

    @property
    def auto_class(self) -> str:
        """The class of transformers that saves a checkpoint of this family with its head."""
        classes = {
            "encoder": "AutoModelForMaskedLM",
            "decoder": "AutoModelForCausalLM",
            "encoder-decoder": "AutoModelForSeq2SeqLM",
        }
        return classes[self.kind]
