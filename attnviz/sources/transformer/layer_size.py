"""The number of parameters of a layer, by the names of its tensors."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.spec import Experts
from attnviz.sources.transformer.experts import expert_pattern


def largest_layer_size(
    tensors: Tensors, templates: Iterable[str], experts: Experts | None, n_expert: int
) -> int:
    """Number of parameters in the largest layer, with one of its experts.

    `templates` are the prefixes of all tensors of a layer, with {i} for its index.
    """
    of_layer = layer_pattern(templates, tensors.prefixes)
    of_expert = None if experts is None else expert_pattern(experts)
    sizes: Counter[str] = Counter()
    expert_sizes: Counter[str] = Counter()
    for name, tensor in tensors.by_name.items():
        if match := of_layer.match(name):
            is_expert = of_expert is not None and of_expert.fullmatch(name, match.end())
            index = match[match.lastindex or 0]
            (expert_sizes if is_expert else sizes)[index] += math.prod(tensor.shape)
    return max(
        (size + expert_sizes[layer] // n_expert for layer, size in sizes.items()), default=0
    )


def layer_pattern(templates: Iterable[str], prefixes: Iterable[str]) -> re.Pattern[str]:
    """The start of the names of a layer's tensors; the last group is the index of the layer."""
    start, layers = "|".join(map(re.escape, prefixes)), "|".join(map(re.escape, templates))
    layers = re.sub(r"\\\{(i|group)\\\}", r"(\\d{1,9})", layers)
    layers = layers.replace(re.escape("{inner}"), r"\d{1,9}")
    return re.compile(f"(?:{start})(?:{layers})")
