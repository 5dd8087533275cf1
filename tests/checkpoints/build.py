"""Tiny models with random weights, and word-level tokenizers."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
)
from transformers.models.falcon import modeling_falcon

from tests.checkpoints.inputs import BERT, ROBERTA, WORDS
from tests.checkpoints.settings import CHECKPOINTS


def to_float64(config: Any, model: Any, how: dict[str, Any]) -> Any:
    """The same weights in a model that was built in float64."""
    config.dtype = torch.float32  # of computed tables; saving the model may have lowered it
    judge = build_model(config, bare=how.get("bare", False)).double()
    judge.load_state_dict(model.state_dict())
    for module in judge.modules():
        if hasattr(module, "pos_embd_dim"):  # a table of float32
            module.embed_positions = sines_and_cosines(module.pos_embd_dim, config.n_positions)
    return getattr(judge, how["tower"]) if "tower" in how else judge


def sines_and_cosines(width: int, n_position: int) -> torch.Tensor:
    """GPT-J's table of sines, then cosines, of the angles of RoPE.    -> [position, width]"""
    frequency = 10000.0 ** -(torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = torch.arange(n_position, dtype=torch.float64)[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def add_alibi_once() -> None:
    """Halve Falcon's ALiBi, which transformers 5 adds twice with eager attention (with sdpa once).

    It is added to the scores, and is also in the mask that is added afterwards.
    """
    whole = modeling_falcon.build_alibi_tensor
    modeling_falcon.build_alibi_tensor = lambda *args, **options: whole(*args, **options) / 2


def build_model(config: Any, *, bare: bool) -> Any:
    """The model with the output head it is published with, or without one (`bare`)."""
    if bare:
        return AutoModel.from_config(config).eval()
    if config.is_encoder_decoder:
        return AutoModelForSeq2SeqLM.from_config(config).eval()
    kind = AutoModelForMaskedLM if type(config) in AutoModelForMaskedLM._model_mapping else None
    if type(config) in AutoModelForCausalLM._model_mapping and not is_encoder(config):
        kind = AutoModelForCausalLM
    return kind.from_config(config).eval()


def is_encoder(config: Any) -> bool:
    """Whether attention is bidirectional."""
    return config.model_type == "xlm" or CHECKPOINTS[config.model_type][1] in (BERT, ROBERTA)


def randomize(model: Any, seed: str) -> None:
    """Random weights of a variance that makes attention selective."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "little")
    draw = torch.Generator().manual_seed(number)
    one = 0.0 if seed.startswith(("gemma", "nemotron")) else 1.0
    tables = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    scaled = getattr(model.config, "scale_embedding", False)
    unscaled = seed in ("t5", "mt5", "umt5", "gpt_neo")
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            noise = torch.randn(tensor.shape, generator=draw)
            if tensor.ndim == 0:
                continue  # scale of CLIP's similarities
            if tensor.ndim == 1:
                is_norm = "norm" in name.lower() and name.endswith("weight")
                is_norm |= name.endswith(("ln_1.weight", "ln_2.weight", "ln_f.weight"))
                tensor.copy_(one + 0.2 * noise if is_norm else 0.2 * noise)
            elif "embed_positions" in name and not tensor.requires_grad:
                continue  # sinusoidal
            elif id(tensor) in tables:
                narrow = 0.1 if scaled else 0.3
                tensor.copy_((0.8 if "relative" in name else narrow) * noise)
            else:
                is_query = unscaled and name.endswith((".q.weight", "q_proj.weight"))
                tensor.copy_((0.4 if is_query else 1.0) * noise / np.sqrt(tensor.shape[-1]))
        if hasattr(model, "final_logits_bias"):
            model.final_logits_bias.normal_(generator=draw)
    if hasattr(model, "tie_weights"):
        model.tie_weights()


def cast(model: Any, dtype: torch.dtype) -> Any:
    """The model in another dtype, apart from tables of positions, which are computed."""
    tables = {
        name: tensor.clone()
        for name, tensor in (*model.named_parameters(), *model.named_buffers())
        if name.endswith(("embed_positions.weight", "embed_positions.weights", "inv_freq"))
        and not tensor.requires_grad
    }
    model = model.to(dtype)
    for name, table in tables.items():
        owner, _, last = name.rpartition(".")
        getattr(model.get_submodule(owner), last).data = table
    return model


def build_tokenizer(frame: tuple[str, ...]) -> Tokenizer:
    """A word-level tokenizer with the special tokens of the family around a text and a pair."""
    special = frame[0].split()
    vocab = {word: i for i, word in enumerate([*special, *WORDS.split()])}
    unknown = next(t for t in special if "unk" in t.lower())
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=frame[1], pair=frame[2], special_tokens=list(zip(special, range(9), strict=False))
    )
    return tokenizer
