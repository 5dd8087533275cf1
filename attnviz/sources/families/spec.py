"""What a family of models is made of, as a row says it.

A row names tensors and parts; it computes nothing. Where a config decides (a bias that may
be there, a norm before or after), the row holds the key of the config that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, TypeAlias

from attnviz.core.biases import Bias
from attnviz.core.masks import Full, Mask
from attnviz.core.positions import NoPosition, Position
from attnviz.core.scales import RootWidth, Scale
from attnviz.core.scores import Dot, Score
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config

Flag: TypeAlias = bool | str  # yes, no, or the key of the config that says so
Kind: TypeAlias = Literal["encoder", "decoder", "encoder-decoder"]


class Layer(Record):
    """One layer, as its mechanism is asked for."""

    config: Config
    index: int


class Slots(Record, kw_only=True):
    """The mechanism of a layer: what sits in which slot, by what its config says.

    `learned` names the numbers that biases need: name for the part, tensor, as in
    {"bucket_bias": "encoder.relative_attention_bias.weight"}, stored [row, head].
    """

    position: Callable[[Layer], Position] = lambda layer: NoPosition()
    score: Callable[[Layer], Score] = lambda layer: Dot()
    scale: Callable[[Layer], Scale] = lambda layer: RootWidth()
    bias: Callable[[Layer], tuple[Bias, ...]] = lambda layer: ()
    mask: Callable[[Layer], Mask] = lambda layer: Full()
    learned: Mapping[str, str] = field(default_factory=dict)


class Places(Record, kw_only=True):
    """Embeddings of relative places, which each layer projects into keys and queries.

    `key` and `query` are the layer's own projections for them; a config with `shared` uses
    those of the tokens.
    """

    table: str
    norm: str
    key: str
    query: str
    shared: str


class Norm(Record, kw_only=True):
    """How vectors are brought to one length; "rms" leaves the mean alone."""

    kind: Literal["layer", "rms"] = "layer"
    bias: Flag = True
    plus_one: bool = False  # what is stored is the weight - 1


class Embedding(Record, kw_only=True):
    """How ids become vectors.

    Formula: project(norm(scale · word[id] + position[i + offset] + segment[s]))
    """

    word: tuple[str, ...]  # the first name that is there
    position: str = ""  # a learned table
    position_if: Flag = True
    sinusoids: Literal["", "halves", "fairseq"] = ""
    offset: int | Literal["pad"] = 0  # rows before the first position; "pad": after its row
    segment: str = ""
    segments: bool = True  # whether the second sentence has a row of its own
    norm: str = ""
    scale: Flag = False  # by √d_model
    project: str = ""  # where embeddings are narrower than layers
    project_bias: bool = True
    project_at: Literal["word", "sum", "end"] = "end"
    project_always: bool = False


class Around(Record, kw_only=True):
    """Norms around a part of a layer: x + after(part(before(x))), then `end`."""

    before: str = ""
    after: str = ""
    end: str = ""
    before_from: int = 0  # the first layer that has the norm before


class Attention(Around, kw_only=True):
    """Projections and mechanism of one attention.

    Fused projections are one matrix for query, key and value: "parts" lays the three side by
    side, "heads" gives each head its three.
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
    places: Places | None = None
    slots: Slots = field(default_factory=Slots)


class FeedForward(Around, kw_only=True):
    """Formula: down(act(up(x))), or down(act(gate(x)) · up(x)).

    `fused` means that the matrix `up` holds gate and up, one after the other.
    """

    up: str
    down: str
    gate: str = ""
    fused: bool = False
    bias: Flag = True
    means: Mapping[str, str] = field(default_factory=dict)  # words for activations, misnamed


class Stack(Record, kw_only=True):
    """A stack of layers of one shape; `layer` is the prefix of one, with {i} or {group}."""

    layer: str
    embedding: Embedding
    attention: Attention
    cross: Attention | None = None
    feed_forward: FeedForward
    norm: Norm = field(default_factory=Norm)
    parallel: Flag = False  # attention and feed-forward side by side
    in_first: bool = False  # matrices are stored [in, out]
    final: str = ""  # the norm after the last layer
    final_project: str = ""  # back to the width of the embeddings


def as_it_is(stack: Stack, config: Config) -> Stack:
    """The row needs no second look at the config."""
    del config
    return stack


class Family(Record, kw_only=True):
    """One `model_type`.

    `stacks` by side: "encoder", "decoder" or both. `defaults` are what the family publishes
    where a config says nothing; `only` the values it may have where others would ask for
    something that is not here. `head` are names of the matrix that scores the next token.
    `adapt` changes the row by what a config says, where a key cannot.
    """

    name: str
    kind: Kind
    paper: str
    stacks: Mapping[str, Stack]
    prefixes: tuple[str, ...] = ("",)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    head: tuple[str, ...] = ()
    head_bias: str = ""
    adapt: Callable[[Stack, Config], Stack] = as_it_is
