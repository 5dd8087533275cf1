"""Part: base class of everything that fills a slot of a mechanism."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from inspect import get_annotations
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from attnviz.argument_types import abbreviate
from attnviz.core.arrays import Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.map_metadata import RowSum
from attnviz.core.renamed import missing_attribute
from attnviz.errors import MisuseError, RenamedError
from attnviz.record import Record

__all__ = ["Inputs", "Part", "RowSum", "Sizes"]  # an old import path of all but Part

PartKind = TypeVar("PartKind", bound="Part")
KINDS = {
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    str: "a word",
    tuple: "a tuple of numbers",
}


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
    n_array: ClassVar[int] = 0  # arrays of the size of the weights that it needs at once
    needs_hidden_keys: ClassVar[bool] = False  # `inputs.hidden_keys` is set for it
    prefix_stable: ClassVar[bool] = True  # under a causal mask, later tokens change no row
    layer_shared: ClassVar[tuple[str, ...]] = ()  # parameters that all layers have in common
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}  # minimum and maximum, by field
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # the words that a field accepts
    # Older names of methods and class attributes: a subclass that defines one is refused,
    # because nothing would call it.
    renamed: ClassVar[Mapping[str, str]] = {
        "needs": "param_shapes",
        "starts": "initial_params",
        "init_std": "initial_params",
    }

    def __init_subclass__(cls, **options: bool) -> None:
        for old, new in cls.renamed.items():
            if old in cls.__dict__ or old in get_annotations(cls):
                raise RenamedError(f"{cls.__name__} defines {old!r}, which is now {new!r}")
        super().__init_subclass__(**options)

    if not TYPE_CHECKING:  # a type checker reports attributes that do not exist

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name)

    def __post_init__(self) -> None:
        for field_name, f in self._fields.items():
            value = self.__dict__[field_name]
            if has_kind(f.default, value):
                continue
            self.__dict__[field_name] = coerce(f.default, value, field_name)
        for field_name, (low, high) in self.limits.items():
            value = getattr(self, field_name)
            if value is not None and not (low <= value <= high and abs(value) < inf):
                allowed = f"at least {low:g}" if high == inf else f"between {low:g} and {high:g}"
                allowed = "a finite number" if value == inf else allowed
                raise MisuseError(
                    self.describe_field(f"{field_name}={format_value(value)} should be {allowed}")
                )
        for field_name, words in self.choices.items():
            value = getattr(self, field_name)
            if value not in words:
                allowed = " or ".join(words)
                message = f"{field_name}={value!r} should be {allowed}"
                raise MisuseError(self.describe_field(message))

    def describe_field(self, message: str) -> str:
        """A message about a field, after the part's name unless it begins with that name."""
        return message if message.startswith(f"{self.name}=") else f"{self.name}: {message}"

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

    def count_arrays(self) -> int:
        """Arrays of the size of the weights that exist at once, where this part needs most.

        Estimates of memory take the maximum over the parts of a mechanism.
        """
        return self.n_array

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
    return next(iter_parts(node, kind), None) is not None


def iter_parts(node: object, kind: type[PartKind]) -> Iterator[PartKind]:
    """The parts of this class in a tree of parts."""
    if isinstance(node, kind):
        yield node
    if isinstance(node, Part):
        for f in fields(node):
            yield from iter_parts(getattr(node, f.name), kind)


def has_kind(default: Any, value: Any) -> bool:
    """Whether a value is of the type of the field's default, and finite."""
    kind = float if default is None else type(default)
    if kind not in KINDS or (default is None and value is None):
        return True
    if kind is tuple:
        return type(value) is tuple and all(
            type(number) is int or has_kind(0.0, number) for number in value
        )
    if type(value) is not kind or (kind is int and abs(value) >= 2**53):
        return False
    return kind is not float or isfinite(value)


def coerce(old: Any, new: Any, name: str) -> Any:
    """A new value of the tunable `name`, converted to the type of the old one.

    Raises MisuseError for a value that this type cannot hold.
    """
    kind = float if old is None else type(old)
    try:
        if kind in (int, float) and not isfinite(float(new)):
            raise ValueError
        if kind is tuple:
            return tuple(coerce(0.0, number, name) for number in require_sequence(new))
        if kind is bool:
            return {"true": True, "false": False}[str(new).lower()]
        if kind is int and not -(2**53) < float(new) == int(float(new)) < 2**53:
            raise ValueError
        return kind(float(new)) if kind is int else kind(new)
    except (KeyError, TypeError, ValueError, OverflowError):
        allowed = KINDS.get(kind, kind.__name__)
        raise MisuseError(f"{name}={abbreviate(new)} should be {allowed}") from None


def require_sequence(values: Any) -> Any:
    """The values, if they are several numbers; else ValueError."""
    if not isinstance(values, list | tuple):
        raise ValueError
    return values
