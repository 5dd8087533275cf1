"""Make fixtures/longformer*.npz by transformers: attention as a band, and as dense weights.

Made with torch 2.13.0 and transformers 5.24.0, which the tests do not need:

    cd tests/sources/external && PYTHON make_layout_fixtures.py

The dense weights are computed from the outputs of the projections: a softmax over the window and
the tokens with global attention, and for these over all tokens. Paper: 2004.05150
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import LongformerConfig, LongformerModel

HERE = Path(__file__).parent / "fixtures"
N_HEAD, WINDOW, N_TOKEN = 2, 4, 9


def longformer():
    torch.manual_seed(0)
    config = LongformerConfig(
        vocab_size=30,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=N_HEAD,
        intermediate_size=8,
        attention_window=[WINDOW, WINDOW],
        max_position_embeddings=64,
        pad_token_id=1,
        initializer_range=0.8,
    )
    return LongformerModel(config).eval()


def record(model):
    """All projections of the input of every layer, by name, as the model runs."""
    outputs = [{} for _ in model.encoder.layer]
    for layer, kept in zip(model.encoder.layer, outputs, strict=True):
        attention = layer.attention.self

        def keep(_, inputs, kept=kept, attention=attention):
            for name in ("query", "key", "query_global", "key_global"):
                kept[name] = getattr(attention, name)(inputs[0]).detach().numpy()

        attention.register_forward_pre_hook(keep)
    return outputs


def heads(array):
    """[token, head · d] -> [head, token, d]"""
    return array.reshape(len(array), N_HEAD, -1).swapaxes(0, 1)


def softmax(scores, allowed):
    """[query, key], [query, key] -> [query, key]; rows without allowed keys are zero"""
    scores = np.where(allowed, scores, -np.inf)
    peak = np.where(allowed.any(-1), scores.max(-1), 0)[:, None]
    mass = np.exp(scores - peak)
    return mass / np.maximum(mass.sum(-1, keepdims=True), 1e-30)


def dense(kept, item, is_token, is_global):
    """The weights of one layer and item over all pairs.    -> [head, token, token]"""
    n = np.arange(N_TOKEN)
    near = np.abs(n[:, None] - n) <= WINDOW // 2
    allowed = (near | is_global[None]) & is_token[None] & is_token[:, None]
    arrays = {}
    for name, out in kept.items():  # the model pads to a multiple of the window
        arrays[name] = heads(out[item, :N_TOKEN])
    result = []
    for h in range(N_HEAD):
        d = arrays["query"].shape[-1]
        local = softmax(arrays["query"][h] @ arrays["key"][h].T / np.sqrt(d), allowed)
        everywhere = arrays["query_global"][h] @ arrays["key_global"][h].T / np.sqrt(d)
        rows = softmax(everywhere, np.broadcast_to(is_token, near.shape))
        result.append(np.where(is_global[:, None], rows, local))
    return np.stack(result)


def make(name, global_tokens):
    model = longformer()
    kept = record(model)
    torch.manual_seed(1)
    ids = torch.randint(3, 30, (2, N_TOKEN))
    mask = torch.ones_like(ids)
    mask[1, 7:], ids[1, 7:] = 0, 1
    global_mask = torch.zeros_like(ids)
    for item, tokens in enumerate(global_tokens):
        global_mask[item, tokens] = 1
    has_global = any(global_tokens)
    with torch.no_grad():
        outputs = model(
            ids,
            attention_mask=mask,
            global_attention_mask=global_mask if has_global else None,
            output_attentions=True,
        )
    truth = [
        [dense(of_layer, i, mask[i].numpy() > 0, global_mask[i].numpy() > 0) for i in range(2)]
        for of_layer in kept
    ]
    arrays = {"attentions": np.stack([a.numpy() for a in outputs.attentions])}
    if has_global:
        rows = np.stack([a.numpy() for a in outputs.global_attentions])
        arrays |= {"global_attentions": rows, "global_attention_mask": global_mask.numpy()}
    np.savez_compressed(HERE / f"{name}.npz", **arrays, attention_mask=mask.numpy())
    np.savez_compressed(HERE / "dense" / f"{name}.npz", weights=np.float32(truth))


if __name__ == "__main__":
    (HERE / "dense").mkdir(exist_ok=True)
    make("longformer", ([], []))
    make("longformer_global", ([0, 5], [0]))
