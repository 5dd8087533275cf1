"""Part: base class of everything that fills a slot of a mechanism."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import inf
from typing import Any, ClassVar

from attnviz.core.arrays import Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Sizes
from attnviz.errors import MisuseError
from attnviz.record import Record


class Part(Record):
    """A score, scale, bias, mask, normalizer, position encoding, head layout or mixer.

    The fields of a subclass are its tunables.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    tunable_aliases: ClassVar[Mapping[str, str]] = {}  # old name of a tunable: its current name
    row_local: ClassVar[bool] = True  # a query's row depends on no other query
    head_local: ClassVar[bool] = True  # a head's weights depend on no other head
    key_local: ClassVar[bool] = True  # a row depends on no key that is masked in it
    prefix_stable: ClassVar[bool] = True  # under a causal mask, later tokens change no row
    layer_shared: ClassVar[tuple[str, ...]] = ()  # parameters that all layers have in common
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}  # minimum and maximum, by field
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # the words that a field accepts

    def __post_init__(self) -> None:
        for field_name, (low, high) in self.limits.items():
            value = getattr(self, field_name)
            if value is not None and not low <= value <= high:
                allowed = f"at least {low:g}" if high == inf else f"between {low:g} and {high:g}"
                raise MisuseError(
                    f"{self.name}: {field_name}={format_value(value)} should be {allowed}"
                )
        for field_name, words in self.choices.items():
            value = getattr(self, field_name)
            if value not in words:
                allowed = " or ".join(words)
                raise MisuseError(f"{self.name}: {field_name}={value!r} should be {allowed}")

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Names and per-head shapes of this part's learned parameters."""
        del sizes
        return {}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """Distributions of parameters before training, where the source states them.

        All others have mean 0 and variance 1 / inputs.
        """
        del sizes
        return {}

    def __str__(self) -> str:
        """The part in the grammar of the command line: window(4), alibi, softmax(sink=1.0)."""
        arguments = []
        for i, f in enumerate(fields(self)):
            value = getattr(self, f.name)
            if isinstance(value, Part):
                arguments.append(str(value))
            elif i == 0 and value is not None and f.default is not None:
                arguments.append(format_value(value))
            elif value != f.default:
                arguments.append(f"{f.name}={format_value(value)}")
        return f"{self.name}({', '.join(arguments)})" if arguments else self.name


def format_value(value: Any) -> str:
    """A tunable's value in the grammar of the command line: 4, 0.5, first."""
    if isinstance(value, tuple):
        return " ".join(format_value(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def contains(node: object, kind: type[Part]) -> bool:
    """Whether a tree of parts holds a part of this class."""
    if isinstance(node, kind):
        return True
    children = (getattr(node, f.name) for f in fields(node)) if isinstance(node, Part) else ()
    return any(contains(child, kind) for child in children)
