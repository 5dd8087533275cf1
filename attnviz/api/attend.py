"""attend: attention over arrays of NumPy or tensors, on several threads for large ones."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from attnviz.api.blas_threads import use_threads
from attnviz.argument_types import require_given
from attnviz.core.arrays import BoolArray
from attnviz.core.compose.compose import compose
from attnviz.core.engine.attend import AttentionResult
from attnviz.core.engine.attend import attend as attend_arrays
from attnviz.core.masks import Mask
from attnviz.core.variant import Variant
from attnviz.sources.external.to_numpy import fetch_to_host

ALIGNED_FIRST = "causal(first)"  # fewer queries than keys stand at the first keys, as in PyTorch


@use_threads()
def attend(
    query: Any,
    key: Any,
    value: Any = None,
    *,
    variant: str | Variant = "scaled-dot",
    mask: str | Mask | BoolArray | None = None,
    bias: Any = None,
    scale: float | None = None,
    softcap: float | None = None,
    is_causal: bool = False,
    learned: Mapping[str, Any] | None = None,
    seed: int = 0,
    **tunables: Any,
) -> AttentionResult:
    """Compute attention over arrays with any mechanism of the catalogue.

    Formula: weights = normalize(bias(scale · score(query, key)), visible);
    output = weights @ value, normed where the heads of the mechanism norm it (differential)
    Shapes: query [..., head, query, d], key [..., kv_head, key, d],
    value [..., kv_head, key, d_value] -> output [..., head, query, d_value],
    weights [..., head, query, key]. Arrays [token, d] are one head without a head axis.

    Args:
        query: queries. Floats of up to 32 bits, bfloat16 among them, become float32, other
            numbers float64; bool, complex and text are refused. The weights have the type of
            the queries. For tensors of PyTorch, results are tensors of the type and on the device
            of the queries, without gradient.
        key: keys. With fewer heads than `query`, query head i uses key head i // group.
        value: values; without them, `output` is None.
        variant: a name from the catalogue, or a Variant; of a layer plan, its first layer.
        mask: a text such as "causal & window(4)", a Mask, or a boolean array that broadcasts to
            [..., head, query, key]; True = the query attends to the key. It is combined (and)
            with the variant's own mask.
        bias: numbers added to the logits, broadcasting to [..., head, query, key].
        scale: factor of the scores, in place of the variant's own.
        softcap: cap · tanh(logits / cap), after the bias and before the mask.
        is_causal: mask later keys too, as `scaled_dot_product_attention` of PyTorch does: query i
            attends to keys 0 to i.
        learned: learned parameters of the mechanism, by name, each [head, ...], or [...] for all
            heads; missing ones are random, from `seed`.
        seed: random seed of missing parameters.
        tunables: tunables of the mechanism's parts, such as window=2.

    Raises:
        ShapeError: arrays whose shapes do not match, or that are empty.
        MisuseError: types, names and numbers that are not allowed.
        NumbersError: NaN or +inf in a score that is not masked.

    >>> attend([[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]).weights.tolist()
    [[0.5, 0.5]]
    >>> ones = [[1.0], [1.0], [1.0]]
    >>> attend(ones, ones, is_causal=True, mask="window(2)").weights.tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    require_given("is_causal", is_causal, bool)
    require_given("variant", variant, str, Variant)
    if isinstance(mask, str):
        variant, mask = compose(variant, mask=mask), None
    if is_causal:
        variant = compose(variant, mask=ALIGNED_FIRST)
    result = attend_arrays(
        fetch_to_host(query),
        fetch_to_host(key),
        None if value is None else fetch_to_host(value),
        variant=variant,
        mask=mask if mask is None or isinstance(mask, Mask) else fetch_to_host(mask),
        bias=None if bias is None else fetch_to_host(bias),
        scale=scale,
        softcap=softcap,
        learned=fetch_all(learned),
        seed=seed,
        **tunables,
    )
    return as_tensors(result, query) if is_tensor(query) else result


def fetch_all(learned: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Learned parameters in host memory; anything but a mapping as it is."""
    if not isinstance(learned, Mapping):
        return learned
    return {name: fetch_to_host(array) for name, array in learned.items()}


def is_tensor(array: Any) -> bool:
    """Whether an array is a tensor of PyTorch."""
    return type(array).__module__.partition(".")[0] == "torch"


def as_tensors(result: AttentionResult, query: Any) -> AttentionResult:
    """The arrays of a result as tensors like the queries.    [...] -> [...]"""
    torch: Any = sys.modules["torch"]  # the tensor's own: it is never imported here
    tensors: Any = [None if a is None else torch.from_numpy(a).to(query.device) for a in result]
    if query.is_floating_point():
        tensors = [None if tensor is None else tensor.to(query.dtype) for tensor in tensors]
    return AttentionResult(*tensors)
