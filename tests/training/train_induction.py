"""Train the shipped model `induction`: two attention layers, on repeated random sequences.

    python -m tests.training.train_induction

A Llama whose feed-forward layers are zero, so that only embeddings, attention with RoPE and the
output matrix compute. In each training sequence a block of random tokens is repeated, and the
tokens of the repetitions are predicted. It learns the circuit of arXiv 2209.11895: previous-token
heads in layer 0, induction heads in layer 1.

Needs torch and transformers. The same versions on the same machine give the same file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.training.optimization import minimize

SOURCES = Path(__file__).parents[2] / "attnviz" / "sources"
TOKENIZER = SOURCES / "tokenizing" / "bpe.json"
FOLDER = SOURCES / "shipped_models" / "induction"
N_VOCAB, N_STEP, BATCH, LENGTH = 1756, 4000, 64, 96
SEED, HELD_OUT_SEED = 0, 1


def build_model() -> LlamaForCausalLM:
    """The untrained model; its feed-forward layers are zero and stay so."""
    config = LlamaConfig(
        vocab_size=N_VOCAB,
        hidden_size=96,
        intermediate_size=1,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    for layer in model.model.layers:
        for parameter in layer.mlp.parameters():
            torch.nn.init.zeros_(parameter).requires_grad_(requires_grad=False)
    return model


def sample_batch(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Blocks of distinct random tokens, repeated, and which tokens repeat one.

    Shapes: -> [n, token], [n, token]
    """
    tokens = torch.ones(BATCH, N_VOCAB).multinomial(LENGTH, generator=generator)
    periods = torch.randint(4, LENGTH // 2 + 1, (BATCH, 1), generator=generator)
    positions = torch.arange(LENGTH)[None]
    return tokens.gather(1, positions % periods), positions >= periods


def train() -> LlamaForCausalLM:
    """The trained model."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = build_model()

    def compute_loss() -> torch.Tensor:
        tokens, repeats = sample_batch(generator)
        hidden = model.model(tokens).last_hidden_state
        logits = model.lm_head(hidden[:, :-1][repeats[:, 1:]])
        return torch.nn.functional.cross_entropy(logits, tokens[:, 1:][repeats[:, 1:]])

    minimize(model, compute_loss, N_STEP)
    return model


def evaluate(model: LlamaForCausalLM) -> float:
    """The share of held-out repeated tokens that are predicted.

    The first token of the first repetition is left out: nothing says where a block ends.
    """
    tokens, repeats = sample_batch(torch.Generator().manual_seed(HELD_OUT_SEED))
    repeats[:, 1:] &= repeats[:, :-1].clone()
    with torch.no_grad():
        predicted = model(tokens).logits[:, :-1].argmax(-1)
    return float((predicted == tokens[:, 1:])[repeats[:, 1:]].float().mean())


if __name__ == "__main__":
    torch.set_num_threads(1)
    trained = train()
    print(f"repeated tokens predicted: {evaluate(trained):.4f}")
    trained.to(torch.float16).save_pretrained(FOLDER)
    shutil.copy(TOKENIZER, FOLDER / "tokenizer.json")
