"""The mechanism that computes weights from stored queries and keys: by default a dot product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.biases import GivenBias, SoftCap
from attnviz.core.compose.compose import compose, intersect_masks
from attnviz.core.heads import MultiHead
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Sizes
from attnviz.core.masks import GivenMask
from attnviz.core.positions import NoPosition
from attnviz.core.scales import Factor
from attnviz.core.variant import Variant
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError
from attnviz.render.page.score_fits import AGREEMENT, fit_scale, log_weights
from attnviz.render.page.score_steps import masked_softmax, round_number
from attnviz.sources.external.vectors import QueriesKeys
from attnviz.sources.options import PART_OPTIONS

DEFAULT = "scaled-dot"
USUAL = 0.0  # stands for 1/√d


def choose_mechanism(
    stored: QueriesKeys, index: int, options: Mapping[str, Any]
) -> tuple[Variant, tuple[str, ...]]:
    """The mechanism of the layer at `index`, and a sentence about what the source states.

    `options` are those of `look`, as far as they are of the mechanism and its parts. Without
    them, the scale is 1/√d, that of the source, or the one that its weights show.
    Raises MisuseError for a mechanism that needs more than queries and keys.
    """
    parts = {name: options[name] for name in PART_OPTIONS if options.get(name) is not None}
    tunables = options.get("tunables") or {}
    own = None if parts or tunables or options.get("variant") else own_mechanism(stored)
    variant = compose(own or options.get("variant") or DEFAULT, **parts, tunables=tunables)
    variant = variant.for_layer(stored.layers[index])
    if variant.position.absolute:
        if options.get("positions") is not None:
            raise MisuseError(
                f"--positions {variant.position} has no effect on queries and keys: it is added "
                "to the embeddings"
            )
        variant = replace(variant, position=NoPosition())
    n_head, n_kv_head = len(stored.query[index]), len(stored.key[index])
    require_vectors_suffice(variant, stored, index)
    heads = MultiHead(heads=n_head, kv_heads=0 if n_kv_head == n_head else n_kv_head)
    variant = replace(variant, heads=heads, has_projections=True)
    if own is not None:  # vectors of a map are rotated by position already
        return replace(variant, position=NoPosition()), ()
    if "scale" not in parts and stored.scale is not None:
        variant = replace(variant, scale=Factor(scale=stored.scale))
    if "mask" in parts or options.get("variant") is not None:
        return add_stored_parts(variant, stored), ()
    stored, notes = with_mask_of_weights(stored, index)
    if parts or stored.scale is not None or not (stored.bias is None is stored.softcap):
        return add_stored_parts(variant, stored), notes
    scale = scale_of_weights(stored, index)
    if scale is None and stored.meta.get("source") not in (None, "foreign"):
        raise MisuseError(
            "the weights of this map are not softmax(scale · q·k): its mechanism has more parts; "
            f"explain its text: attnviz explain TEXT -v {stored.meta.get('variant', 'NAME')}"
        )
    if scale is not None and scale != USUAL:
        note = f"scale {scale:g}, not 1/√d: the one that the weights in the source follow"
        variant, notes = replace(variant, scale=Factor(scale=scale)), (*notes, note)
    return add_stored_parts(variant, stored), notes


def with_mask_of_weights(stored: QueriesKeys, index: int) -> tuple[QueriesKeys, tuple[str, ...]]:
    """Without a mask, a causal one where the weights are 0 at all later keys, and a sentence."""
    if stored.visible is not None or stored.weights is None:
        return stored, ()
    weights = stored.weights[index]
    n_query, n_key = weights.shape[-2:]
    lower = np.tril(np.ones((n_query, n_key), bool), n_key - n_query)[None]
    if lower.all() or np.any(weights, where=~lower):
        return stored, ()
    note = "a causal mask is assumed: the weights in the source are 0 at all later keys"
    return replace(stored, visible=lower), (note,)


def own_mechanism(stored: QueriesKeys) -> str | None:
    """The mechanism of the catalogue that computed a map of attnviz; None if not known."""
    name = str(stored.meta.get("variant", ""))
    is_plain = stored.meta.get("trained") is False and not stored.meta.get("composed")
    return name if is_plain and name in VARIANTS else None


def add_stored_parts(variant: Variant, stored: QueriesKeys) -> Variant:
    """The mechanism with the bias, the soft cap and the mask of the source."""
    biases = variant.bias
    biases += () if stored.bias is None else (GivenBias(stored.bias),)
    biases += () if stored.softcap is None else (SoftCap(cap=stored.softcap),)
    variant = replace(variant, bias=biases)
    if stored.visible is None:
        return variant
    return replace(variant, mask=intersect_masks(variant.mask, GivenMask(stored.visible)))


def require_vectors_suffice(variant: Variant, stored: QueriesKeys, index: int) -> None:
    """Raise MisuseError for a mechanism that depends on more than queries, keys and values."""
    query, key = stored.query[index], stored.key[index]
    n_head, n_query, d = query.shape
    sizes = Sizes(d=d, d_model=d, n_head=n_head, n_query=n_query, n_key=key.shape[1])
    if type(variant.heads) is not MultiHead:
        reason = f"its heads are combined ({variant.heads})"
    elif learned := ", ".join(variant.param_shapes(sizes)):
        reason = f"it has learned parameters ({learned})"
    elif not variant.has_projections or variant.mixer is not None:
        reason = "its weights are no function of queries and keys alone"
    else:
        return
    raise MisuseError(
        f"variant {variant.name!r} cannot be computed from queries and keys: {reason}"
    )


def scale_of_weights(stored: QueriesKeys, index: int) -> float | None:
    """The scale of the scores that the weights show, USUAL for 1/√d; None if they show none."""
    if stored.weights is None:
        return None
    query = stored.query[index].astype(np.float64)
    products = query @ repeat_kv(stored.key[index], len(query)).astype(np.float64).swapaxes(1, 2)
    weights = stored.weights[index].astype(np.float64)
    visible = np.ones((1, 1, 1), bool) if stored.visible is None else stored.visible
    found = fit_scale(products, *log_weights(weights, visible))
    for scale, result in (
        (1 / np.sqrt(query.shape[-1]), USUAL),
        *([(round_number(found.scale),) * 2] if found is not None and found.scale > 0 else []),
    ):
        error = np.abs(masked_softmax(scale * products, visible) - weights).max()
        if error <= AGREEMENT:
            return result
    return None
