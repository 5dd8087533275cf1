"""Limits of greedy decoding: the positions of the model, and the memory of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.errors import MisuseError
from attnviz.sources.memory import MAX_MEMORY_SHARE, format_bytes, machine_memory
from attnviz.sources.model.memory_estimate import estimate_memory

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

MAX_LENGTH = 131_072  # tokens, for a model without a maximum of its own


def check_generation(checkpoint: Checkpoint, n_text: int, n_start: int, n: int) -> None:
    """Raise MisuseError, before the first step, for more tokens than there can be.

    `n_text` are the tokens of the text, `n_start` those that the decoder begins with, `n` the
    tokens to generate.
    """
    if n < 1:
        raise MisuseError(f"--generate {n} should be at least 1")
    n_total, max_length = n_start + n, checkpoint.max_length("decoder")
    sizes = f"{n_start:,} token{'s' * (n_start != 1)} and {n:,} generated ones are {n_total:,}"
    if max_length is None and n_total > MAX_LENGTH:
        raise MisuseError(
            f"{sizes}; attnviz generates at most {MAX_LENGTH:,} tokens; use a smaller --generate"
        )
    if max_length is not None and n_total > max_length:
        raise MisuseError(f"{sizes}; {checkpoint.name!r} accepts at most {max_length:,} tokens")
    n_byte = cache_bytes(checkpoint, n_total)
    n_byte += estimate_memory(checkpoint, max(n_text, n_total), 0).total
    available = machine_memory()
    if available is not None and n_byte > MAX_MEMORY_SHARE * available:
        raise MisuseError(
            f"{sizes}, which need about {format_bytes(n_byte)}; this machine has "
            f"{format_bytes(available)}; use a smaller --generate or a shorter text"
        )


def cache_bytes(checkpoint: Checkpoint, n_token: int) -> int:
    """Bytes of the KV cache, and of the keys and values of one layer again, once per head."""
    stack = checkpoint.stack_for("decoder")
    n_row = stack.n_layer * stack.config.n_kv_head + 2 * stack.config.get_int("n_head")
    return 2 * 4 * n_row * stack.config.d_head * n_token
