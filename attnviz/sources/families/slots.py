"""The mechanism of a layer, slot by slot: functions that choose parts by the config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from attnviz.core.biases import Bias
from attnviz.core.masks import Full, Mask
from attnviz.core.normalizers import Normalizer, Softmax
from attnviz.core.positions import NoPosition, Position
from attnviz.core.scales import RootDim, Scale
from attnviz.core.scores import Dot, Score
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config


class Layer(Record):
    """A layer, for which parts are chosen: the config, and the index of the layer."""

    config: Config
    index: int


class Slots(Record, kw_only=True):
    """The mechanism of a layer, slot by slot: functions that choose a part by the config.

    `params` names the tensors of learned parameters of biases, by parameter name, as in
    {"bucket_bias": "encoder.relative_attention_bias.weight"}; they are stored [bucket, head].
    `head_params` are those of the layer with one number per head, under its prefix, and
    `distance_tables` its embeddings of the distances i - j, which are reversed to those of j - i.
    """

    position: Callable[[Layer], Position] = lambda layer: NoPosition()
    score: Callable[[Layer], Score] = lambda layer: Dot()
    scale: Callable[[Layer], Scale] = lambda layer: RootDim()
    bias: Callable[[Layer], tuple[Bias, ...]] = lambda layer: ()
    mask: Callable[[Layer], Mask] = lambda layer: Full()
    normalize: Callable[[Layer], Normalizer] = lambda layer: Softmax()
    params: Mapping[str, str] = field(default_factory=dict)
    head_params: Mapping[str, str] = field(default_factory=dict)
    distance_tables: Mapping[str, str] = field(default_factory=dict)
