"""Reference outputs of a checkpoint by `transformers`, with eager attention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import CONFIG_MAPPING
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position
from transformers.models.t5.modeling_t5 import T5Attention

from tests.checkpoints.build import is_encoder
from tests.checkpoints.inputs import LONG, N_NEW, PAIR, SHORT, TARGET


@contextmanager
def float64_by_default() -> Iterator[None]:
    """New tensors are float64; XGLM makes some of its own."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@float64_by_default()
def compute_references(model: Any, tokenizer: Tokenizer) -> dict[str, Any]:
    """Token ids, weights and hidden states of each input, and greedy decoding."""
    found: dict[str, Any] = {}
    for name, ids, types, outputs in run_inputs(model, tokenizer):
        found[f"{name}.ids"] = np.array(ids)
        found[f"{name}.segments"] = np.array(types)
        for key, array in outputs.items():
            found[f"{name}.{key}"] = array.astype(np.float32)
    can_generate = hasattr(model, "generate") and model.can_generate()
    if can_generate and not is_encoder(model.config):
        start = torch.tensor([tokenizer.encode(SHORT).ids])
        model.generation_config.decoder_start_token_id = start_id(model)
        for key in ("eos_token_id", "forced_eos_token_id", "bos_token_id"):
            setattr(model.generation_config, key, None)
        more = model.generate(
            start, attention_mask=torch.ones_like(start), do_sample=False, max_new_tokens=N_NEW
        )
        found["greedy"] = more[0, -N_NEW:].numpy()
    if hasattr(model.config, "output_router_logits"):
        found["router"] = router_logits(model, tokenizer.encode(LONG).ids)
    return found


def router_logits(model: Any, ids: list[int]) -> Any:
    """The router's logits in each layer with experts.    -> [layer, token, expert]"""
    with torch.no_grad():
        result = model.base_model(torch.tensor([ids]), output_router_logits=True)
    return torch.stack(result.router_logits).numpy().astype(np.float32)


def run_inputs(model: Any, tokenizer: Tokenizer) -> Iterator[tuple[str, Any, Any, dict[str, Any]]]:
    """The three inputs and their outputs."""
    alone, short, pair = (tokenizer.encode(*t) for t in ((LONG,), (SHORT,), PAIR))
    pad = model.config.get_text_config().pad_token_id or 0
    n = len(short.ids)
    result = compute_outputs(model, [alone.ids], [[1] * len(alone.ids)], None, tokenizer)
    yield "alone", alone.ids, alone.type_ids, {k: v[0] for k, v in result.items()}
    batch = [alone.ids[: n + 3], short.ids + [pad] * 3]
    result = compute_outputs(model, batch, [[1] * (n + 3), [1] * n + [0] * 3], None, tokenizer)
    yield (
        "padded",
        short.ids,
        short.type_ids,
        {k: drop_padding(k, v[1], n) for k, v in result.items()},
    )
    types = [pair.type_ids] if has_segments(model) else None
    two = compute_outputs(model, [pair.ids], [[1] * len(pair.ids)], types, tokenizer)
    yield "pair", pair.ids, pair.type_ids, {k: v[0] for k, v in two.items()}


def has_segments(model: Any) -> bool:
    """Whether segment B has an embedding of its own."""
    return (
        getattr(model.config, "type_vocab_size", 0) > 1
        and "roberta" not in model.config.model_type
    )


def drop_padding(key: str, array: Any, n: int) -> Any:
    """The part of an array that belongs to tokens other than padding."""
    if key in ("self", "encoder"):
        return array[:, :, :n, :n]
    if key == "cross":
        return array[..., :n]
    return array if key.startswith(("decoder", "target")) else array[:n]


def compute_outputs(
    model: Any, ids: Any, mask: Any, types: Any, tokenizer: Tokenizer
) -> dict[str, Any]:
    """Attentions and hidden states of a batch.    -> each [batch, ...]"""
    base = getattr(model, "base_model", model)
    given: dict[str, Any] = {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(mask),
        "output_attentions": True,
        "use_cache": False,
    }
    if types is not None:
        given["token_type_ids"] = torch.tensor(types)
    if not model.config.is_encoder_decoder:
        if not hasattr(model, "generate") or not model.can_generate():
            given.pop("use_cache")
        with torch.no_grad():
            result = base(**given)
        return {
            "self": stack_layers(result.attentions),
            "hidden": result.last_hidden_state.numpy(),
        }
    target = [
        start_id(model),
        *tokenizer.encode(TARGET, add_special_tokens=False).ids,
    ]
    given["decoder_input_ids"] = torch.tensor([target] * len(ids))
    with torch.no_grad():
        result = base(**given, output_hidden_states=True)
    return {
        "encoder": stack_layers(result.encoder_attentions),
        "decoder": stack_layers(result.decoder_attentions),
        "cross": stack_layers(result.cross_attentions),
        "hidden": result.encoder_last_hidden_state.numpy(),
        "decoder_hidden": result.decoder_hidden_states[-1].numpy(),
        "target": np.array([target] * len(ids)),
    }


def start_id(model: Any) -> int:
    """The token id that a target begins with."""
    return getattr(model.config, "decoder_start_token_id", None) or 0


def stack_layers(attentions: Any) -> Any:
    """-> [batch, layer, head, query, key]"""
    return torch.stack([widen_band(layer) for layer in attentions], dim=1).numpy()


def widen_band(weights: torch.Tensor) -> torch.Tensor:
    """Longformer's weights by distance, from -w/2 to w/2, as a square map; others unchanged.

    Shapes: [batch, head, n, w + 1] -> [batch, head, n, n]
    """
    n, width = weights.shape[-2:]
    if n == width or width % 2 == 0 or width > n:
        return weights
    wide = torch.zeros(*weights.shape[:-1], n + width - 1, dtype=weights.dtype)
    for query in range(n):
        wide[..., query, query : query + width] = weights[..., query, :]
    return wide[..., width // 2 : width // 2 + n]


def default_config(family: str) -> dict[str, Any]:
    """The default config of a family."""
    values = CONFIG_MAPPING[family]().to_dict()
    ignored = ("id2label", "label2id", "transformers_version")
    return {k: v for k, v in values.items() if k not in ignored and v is not None}


def bucket_table() -> dict[str, Any]:
    """The bucket of each distance, by T5 and by DeBERTa-v2."""
    distance = torch.arange(-600, 601)
    bucket = T5Attention._relative_position_bucket
    return {
        "distance": distance.numpy(),
        "both": bucket(distance, True, 32, 128).numpy(),
        "past": bucket(distance, False, 32, 128).numpy(),
        "log": make_log_bucket_position(distance, 256, 512).long().numpy(),
    }
