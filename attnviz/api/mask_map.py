"""mask_map: an attention mask as a map, with weight 1 for visible pairs."""

from __future__ import annotations

import numpy as np

from attnviz.argument_types import require_given, require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.core.compose.grammar import parse_mask
from attnviz.core.compose.mask_pairs import allowed_pairs
from attnviz.core.selection import HeadSelection, Selector
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError

MAX_SIZE = 4096


def mask_map(
    expression: str,
    text: str | None = None,
    context: str | None = None,
    *,
    size: int | None = None,
    tokenizer: str | None = None,
    heads: int = 1,
    select_heads: Selector = None,
) -> AttentionMap:
    """The keys that a mask lets each token of a text, or each of `size` positions, attend to.

    Args:
        expression: the mask, as in "causal & window(3)".
        text: the text whose tokens are the queries, and the keys unless there is a context.
        context: the text whose tokens are the keys.
        size: the sequence length, instead of a text.
        tokenizer: the tokenizer of the texts ("words").
        heads: the number of heads; some masks differ per head.
        select_heads: the heads to keep, by number, as in `look`; they are not combined.

    Raises:
        MisuseError: neither text nor size, or both; a size that is too large;
            heads that do not exist or are to be combined.
        GrammarError: an invalid expression.

    >>> mask_map("causal & window(2)", size=3).weights[0, 0].tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
    """
    require_given("expression", expression, str)
    for name, value in (("text", text), ("context", context), ("tokenizer", tokenizer)):
        require_type(name, value, str)
    require_type("size", size, int)
    require_given("heads", heads, int)
    if heads < 1:
        raise MisuseError(f"--heads {heads} should be at least 1")
    mask = parse_mask(expression)
    if (text is None) == (size is None):
        raise MisuseError("give either a text or --size")
    if text is None and context is None and tokenizer is not None:
        raise MisuseError("--tokenizer has no effect without a text")
    queries = number_positions(size) if size is not None else tokenize(text or "", tokenizer)
    keys = queries if context is None else tokenize(context, tokenizer)
    kept = select_from(heads, select_heads)
    visible = allowed_pairs(mask, queries, keys, heads)[list(kept)]
    n_visible, n_pair = int(visible.sum()), visible.size
    return AttentionMap(
        heads=kept,
        queries=queries,
        keys=keys,
        weights=visible[None].astype(np.float32),
        visible=visible[None],
        text=text,
        context=context,
        meta={
            "source": "mask",
            "variant": f"mask {mask}",
            "algebra": f"{n_visible} of {n_pair} pairs allowed, {n_visible / n_pair:.1%}",
            "mask": str(mask),
            "density": n_visible / n_pair,
            "row_sum": "any",
            "signed": False,
        },
    )


mask = mask_map  # the name of the command


def select_from(n_head: int, selector: Selector) -> tuple[int, ...]:
    """The numbers of the selected heads out of `n_head`.

    Raises MisuseError for heads that do not exist and for a combination of heads.
    """
    selection = HeadSelection.parse(None, selector)
    if selection.is_reduced:
        raise MisuseError(
            f"--head {selector}: the heads of a mask are not combined; select some by number, "
            "as in 0,2"
        )
    _, kept = selection.resolve((0,), range(n_head))
    return tuple(range(n_head)) if kept is None else kept


def number_positions(size: int) -> tuple[Token, ...]:
    """Positions as tokens."""
    if not 1 <= size <= MAX_SIZE:
        raise MisuseError(f"--size {size} should be between 1 and {MAX_SIZE}")
    return tuple(Token.of(str(i)) for i in range(size))


def tokenize(text: str, name: str | None) -> tuple[Token, ...]:
    """The tokens of a text."""
    from attnviz.sources.tokenizing.tokenizers import find_tokenizer

    tokens: tuple[Token, ...] = find_tokenizer(name or "words").encode(text).tokens
    return tokens
