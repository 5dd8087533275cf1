"""Tags of tensors: which ones are scores or weights of attention that is written by hand."""

from __future__ import annotations

from typing import Any
from weakref import ref

from attnviz.record import Record
from attnviz.sources.watch.attention_call import Tensor


class Softmax(Record, eq=False):
    """A softmax of the program: its result, its number in the module, and that module."""

    output: Tensor
    number: int
    frame: Any


class ScoreTag(Record, kw_only=True, eq=False):
    """What is known of a tensor of scores or weights.

    `is_product`: it is a product of queries and keys, perhaps scaled, masked and normalized.
    `is_changed`: it went through a softmax, another nonlinear function or a mask.
    `softmax_axis`: the axis over which a softmax was taken, counted from the front.
    `is_feature_axis`: that axis is the output of a linear layer, as in a classifier or a router.
    `contraction`: the tensor is a product with values that is yet to be summed.
    `clean`: the tensor without the dropout in it; `visible`: the pairs that are not masked.
    """

    is_product: bool = False
    is_changed: bool = False
    is_feature_axis: bool = False
    softmax_axis: int | None = None
    softmax: Softmax | None = None
    contraction: Any = None
    clean: Tensor = None
    visible: Tensor = None
    dropout: float = 0.0

    @property
    def name(self) -> str:
        """The name of the function, as in "softmax" or "softmax 2"."""
        if self.softmax is None:
            return "product"
        return "softmax" if self.softmax.number == 1 else f"softmax {self.softmax.number}"


class FeatureTag:
    """Marks the output of a linear layer."""


FEATURES = FeatureTag()


class TensorTags:
    """A tag for each of some tensors, forgotten with the tensor."""

    def __init__(self) -> None:
        self.entries: dict[int, tuple[Any, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self.entries)

    def set(self, tensor: Tensor, tag: Any) -> None:
        """Give a tensor a tag."""
        number = id(tensor)
        self.entries[number] = (ref(tensor, lambda _: self.entries.pop(number, None)), tag)

    def get(self, tensor: Any) -> Any:
        """The tag of a tensor; None for another value."""
        entry = self.entries.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def remove(self, tensor: Tensor) -> None:
        """Take the tag away."""
        self.entries.pop(id(tensor), None)
