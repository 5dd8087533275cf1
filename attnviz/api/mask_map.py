"""A mask as a map: one where a query may look, hidden where it may not."""

from __future__ import annotations

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.compose.grammar import parse_mask
from attnviz.core.grid import Grid
from attnviz.core.token_features import notes
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError

MOST = 4096


def mask_map(
    expression: str,
    text: str | None = None,
    context: str | None = None,
    *,
    size: int | None = None,
    tokenizer: str = "words",
    heads: int = 1,
) -> AttentionMap:
    """What a mask lets each token of a text, or each of `size` positions, look at.

    Args:
        expression: the mask, as in "causal & window(3)".
        text: whose tokens stand at the rows, and at the columns unless there is a context.
        context: whose tokens stand at the columns.
        size: how many numbered positions, instead of a text.
        tokenizer: how the text falls into tokens.
        heads: how many heads; some masks differ from head to head.

    Raises:
        MisuseError: neither text nor size, or both; a size that is too large.
        GrammarError: an expression that cannot be read.
    """
    mask = parse_mask(expression)
    if (text is None) == (size is None):
        raise MisuseError("a mask needs a text or a --size, one of them")
    queries = numbered(size) if size is not None else tokens_of(text or "", tokenizer)
    keys = queries if context is None else tokens_of(context, tokenizer)
    shape = (heads, len(queries), len(keys))
    visible = np.broadcast_to(mask(Grid.of(*shape, notes(queries, keys))), shape)
    shown, whole = int(visible.sum()), visible.size
    return AttentionMap(
        queries=queries,
        keys=keys,
        weights=visible[None].astype(np.float32),
        visible=visible[None],
        text=text,
        context=context,
        meta={
            "source": "mask",
            "variant": f"mask {mask}",
            "algebra": f"{shown} of {whole} pairs visible, {shown / whole:.1%}",
            "mask": str(mask),
            "density": shown / whole,
            "row_sum": "any",
            "signed": False,
        },
    )


def numbered(size: int) -> tuple[Token, ...]:
    """Positions without words."""
    if not 1 <= size <= MOST:
        raise MisuseError(f"--size {size} should be between 1 and {MOST}")
    return tuple(Token.of(str(i)) for i in range(size))


def tokens_of(text: str, name: str) -> tuple[Token, ...]:
    """A text in pieces."""
    from attnviz.sources.tokenizing.tokenizers import tokenizer

    tokens: tuple[Token, ...] = tokenizer(name).encode(text).tokens
    return tokens
