"""Selection of layers and heads: numbers, ranges, LAYER.HEAD, or a reduction of all.

    layers   3   -1   0,2-5   -3--1   mean   max   min
    heads    0   -1   0,2-5           mean   max   min   2.9   2.9,2.11   -1.*

Negative numbers count from the end: -1 is the last one. LAYER.HEAD selects the layer as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from numbers import Integral

from attnviz.core.attention_map import AttentionMap
from attnviz.core.indices import missing_number
from attnviz.core.reduction import REDUCTIONS, reduce_heads, reduce_layers
from attnviz.errors import MisuseError
from attnviz.record import Record

Selector = int | str | Collection[int | str] | None  # of the layers, or of the heads
Range = tuple[int, int]  # the first and the last number, counted from the end where negative

MAX_RANGE = 10_000  # numbers of one range, as in 0-9999
RANGE = r"(-?\d{1,6})(?:\s*-\s*(-?\d{1,6}))?"
PAIR = r"(-?\d{1,6})\.(?:(-?\d{1,6})|\*)"
ALL: Range = (0, -1)


class HeadSelection(Record):
    """The layers and heads that were asked for; None for all of them.

    `layer_reduction` and `head_reduction` are names of REDUCTIONS, or None. Heads are reduced
    first, then layers.
    """

    layers: tuple[Range, ...] | None = None
    heads: tuple[Range, ...] | None = None
    layer_reduction: str | None = None
    head_reduction: str | None = None

    @classmethod
    def parse(cls, layers: Selector = None, heads: Selector = None) -> HeadSelection:
        """The selection that two values stand for, as in "3" and "mean", or [0, 1] and None.

        Raises MisuseError for values that cannot be read or contradict each other.

        >>> HeadSelection.parse(3, "mean").head_reduction
        'mean'
        >>> HeadSelection.parse(None, "2.9").resolve(range(4), range(12))
        ((2,), (9,))
        """
        layer_reduction, head_reduction = find_reduction(layers), find_reduction(heads)
        layer_ranges = None if layer_reduction else parse_ranges(layers, "--layer")
        pairs = None if head_reduction else parse_pairs(heads)
        if pairs is None:
            head_ranges = None if head_reduction else parse_ranges(heads, "--head")
            return cls(layer_ranges, head_ranges, layer_reduction, head_reduction)
        pair_layers, pair_heads = pairs
        if layers is not None and layer_ranges != pair_layers:
            raise MisuseError(
                f"--head {heads} and --layer {layers} contradict each other: LAYER.HEAD selects "
                "the layer too; leave out --layer"
            )
        return cls(pair_layers, pair_heads)

    @property
    def is_reduced(self) -> bool:
        """Whether layers or heads are combined into one."""
        return self.layer_reduction is not None or self.head_reduction is not None

    def resolve(
        self, layers: Sequence[int], heads: Sequence[int]
    ) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
        """The numbers of the selected layers and heads, None for all, out of those there are.

        Raises MisuseError for a number that is not among them.
        """
        return (
            resolve_ranges(self.layers, layers, "layer"),
            resolve_ranges(self.heads, heads, "head"),
        )

    def reduce(self, amap: AttentionMap) -> AttentionMap:
        """The map with its heads, then its layers, combined into one as selected.

        Shapes: [layer, head, query, key] → [layer | 1, head | 1, query, key]
        """
        if self.head_reduction is not None:
            amap = reduce_heads(amap, self.head_reduction)
        if self.layer_reduction is not None:
            amap = reduce_layers(amap, self.layer_reduction)
        return amap

    def apply(self, amap: AttentionMap) -> AttentionMap:
        """The selected layers and heads of a map.

        Shapes: [layer, head, query, key] → fewer layers and heads
        Raises MisuseError for a layer or head that the map lacks.
        """
        layers, heads = self.resolve(amap.layers, amap.heads)
        return self.reduce(amap.select(layers=layers, heads=heads))

    def resolve_single(self, layers: Sequence[int], heads: Sequence[int]) -> tuple[int, int]:
        """The number of the selected layer and head of those there are, by default the first.

        Raises MisuseError for a selection of several layers or heads.
        """
        chosen = self.resolve(layers, heads)
        layers, heads = chosen[0] or layers[:1], chosen[1] or heads[:1]
        if self.is_reduced or len(layers) > 1 or len(heads) > 1:
            raise MisuseError(
                "an explanation is about a single head: --layer 3 --head 9, or --head 3.9"
            )
        return layers[0], heads[0]


def find_reduction(selector: Selector) -> str | None:
    """The name of REDUCTIONS that a selector is; None for another selector."""
    name = selector.strip() if isinstance(selector, str) else None
    return name if name in REDUCTIONS else None


def parse_ranges(selector: Selector, option: str) -> tuple[Range, ...] | None:
    """The ranges of a list of numbers and ranges, each number a range of its own; None: all.

    >>> parse_ranges("0,2-5,-1", "--layer")
    ((0, 0), (2, 5), (-1, -1))
    """
    if selector is None:
        return None
    ranges: list[Range] = []
    for item in split_items(selector, option):
        match = re.fullmatch(RANGE, item)
        if not match:
            pairs = ", or LAYER.HEAD as in 2.9" if option == "--head" else ""
            raise MisuseError(
                f"{option} {show(selector)} must be a list such as 0,2-5, -1 for the last, "
                f"mean, max or min{pairs}"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if (first < 0) == (last < 0) and not first <= last < first + MAX_RANGE:
            raise MisuseError(f"{option} {show(selector)}: the range {item} is empty or too long")
        ranges.append((first, last))
    return tuple(ranges)


def parse_pairs(selector: Selector) -> tuple[tuple[Range, ...], tuple[Range, ...]] | None:
    """The layers and heads of a list of LAYER.HEAD; None for another selector.

    Raises MisuseError for a list that is not all combinations of its layers and heads.
    """
    items = [] if selector is None else split_items(selector, "--head")
    matches = [re.fullmatch(PAIR, item) for item in items]
    pairs = [
        (int(match[1]), ALL if match[2] is None else (int(match[2]), int(match[2])))
        for match in matches
        if match is not None
    ]
    if not pairs:
        return None
    layers, heads = dict.fromkeys(layer for layer, _ in pairs), dict.fromkeys(h for _, h in pairs)
    if len(pairs) != len(items) or len(set(pairs)) != len(layers) * len(heads):
        raise MisuseError(
            f"--head {show(selector)} must be the same heads of each layer, as in 2.9,2.11; "
            "show others in calls of their own"
        )
    return tuple((layer, layer) for layer in layers), tuple(heads)


def split_items(selector: Selector, option: str) -> list[str]:
    """The items of a selector as text: of a comma-separated list, a collection, or one number.

    Raises MisuseError for an empty collection and for values that are neither number nor text.
    """
    if isinstance(selector, str):
        return [item.strip() for item in selector.split(",")]
    items = list(selector) if isinstance(selector, Collection) else [selector]
    if not items:
        raise MisuseError(f"{option} is an empty list; leave it out for all")
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | Integral):
            hint = f"; write {str(item)!r} for LAYER.HEAD" if isinstance(item, float) else ""
            raise MisuseError(f"{option}: {item!r:.80} is not a whole number{hint}")
    return [str(item).strip() for item in items]


def show(selector: Selector) -> str:
    """A selector for a message."""
    return repr(selector) if isinstance(selector, str) else f"{selector!r:.80}"


def resolve_ranges(
    ranges: tuple[Range, ...] | None, present: Sequence[int], kind: str
) -> tuple[int, ...] | None:
    """The numbers of the ranges, without duplicates; negative ends count from the last present.

    Raises MisuseError for a number that is not present.
    """
    if ranges is None:
        return None
    numbers: list[int] = []
    for first, last in ranges:
        if (first, last) == ALL:
            numbers += present
            continue
        low, high = (count_from_end(end, present, kind) for end in (first, last))
        if low > high:
            raise MisuseError(f"the range of {kind}s {first}-{last} is empty: it is {low}-{high}")
        numbers += range(low, high + 1)
    for number in numbers:
        if number not in present:
            raise MisuseError(missing_number(number, present, kind))
    return tuple(dict.fromkeys(numbers))


def count_from_end(number: int, present: Sequence[int], kind: str) -> int:
    """The number itself, or, for a negative one, the one that many places from the end."""
    if number >= 0:
        return number
    if -number > len(present):
        raise MisuseError(missing_number(number, present, kind))
    return present[number]
