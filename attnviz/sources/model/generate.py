"""Greedy decoding with a KV cache."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from attnviz.core.engine.layer_call import AttendCallback
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.sources.model.generation_config import GenerationConfig
from attnviz.sources.model.generation_limits import check_generation
from attnviz.sources.model.logits import compute_logits, output_matrix
from attnviz.sources.model.logits_processors import process_logits
from attnviz.sources.model.size_checks import check_token_id
from attnviz.sources.tokenizing.tokenizers import Encoding
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens
from attnviz.sources.transformer.kv_cache import KVCache
from attnviz.sources.transformer.stack import LayerStack

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint


def generate(
    checkpoint: Checkpoint,
    encoding: Encoding,
    n: int,
    attend: AttendCallback,
    config: GenerationConfig | None = None,
    start_id: int | None = None,
) -> list[int]:
    """The ids of the next n tokens, or of fewer where the model ends the sequence.

    A decoder continues the text; an encoder-decoder generates a new one from its start token.
    `config` and `start_id` are the checkpoint's own by default.
    Raises MisuseError for an encoder or a bidirectional model, and for more tokens than the
    model or the memory allows; InvalidInputError for a checkpoint without its output matrix.
    """
    if "decoder" not in checkpoint.stacks:
        raise MisuseError(f"{checkpoint.name!r} is an encoder; --generate needs a decoder")
    if not checkpoint.config.is_causal:
        raise MisuseError(f"{checkpoint.name!r} is bidirectional; --generate needs a causal model")
    stack, is_decoder = checkpoint.stacks["decoder"], len(checkpoint.stacks) == 1
    ids = list(encoding.ids)
    if not is_decoder:
        ids = [checkpoint.start_id if start_id is None else start_id]
    check_generation(checkpoint, len(encoding.ids), len(ids), n)
    output_matrix(checkpoint, stack)
    config = checkpoint.generation if config is None else config
    check_token_id(stack, "forced_bos_token_id", config.forced_bos_token_id)
    kind, cross_context = "self" if is_decoder else "decoder", None
    if not is_decoder:
        states = checkpoint.run(encoding, attend)
        cross_context = AttentionContext(attend=attend, kind="cross", encoder_states=states)
    context = AttentionContext(attend=attend, kind=kind, cache=KVCache())
    warn_of_other_methods(config)
    return decode_greedy(checkpoint, stack, ids, n, context, cross_context, config)


def decode_greedy(
    checkpoint: Checkpoint,
    stack: LayerStack,
    ids: list[int],
    n: int,
    context: AttentionContext,
    cross_context: AttentionContext | None,
    config: GenerationConfig,
) -> list[int]:
    """Up to n ids that continue `ids`; `context` has a KV cache, so each step runs one token."""
    generated: list[int] = []
    n_past, sequence, n_start = 0, list(ids), len(ids)
    while len(generated) < n:
        x = embed_tokens(stack.spec.embedding, stack.weights, ids, [0] * len(ids), n_past)
        hidden = stack.run(x, context, cross_context=cross_context)
        n_past += len(ids)
        logits = compute_logits(checkpoint, stack, hidden[-1])
        next_id = int(process_logits(logits, config, sequence, n_start).argmax())
        if next_id in config.eos_token_id:
            break
        generated.append(next_id)
        sequence.append(next_id)
        ids = [next_id]
    return generated


def warn_of_other_methods(config: GenerationConfig) -> None:
    """Warn where the checkpoint's own decoding is another one than greedy decoding."""
    if config.other_methods:
        warnings.warn(
            f"greedy decoding does not follow {', '.join(config.other_methods)} of the "
            "checkpoint's generation settings",
            AttnvizWarning,
            stacklevel=2,
        )
