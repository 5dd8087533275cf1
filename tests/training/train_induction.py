"""Train the shipped model `induction`: two attention layers, on repeated random sequences.

    python -m tests.training.train_induction

A Llama whose feed-forward layers are zero, so that only embeddings, attention with RoPE and the
output matrix compute. In each training sequence a block of random tokens is repeated, and tokens
of the repetitions are predicted. It has the circuit of arXiv 2209.11895: previous-token heads in
layer 0, induction heads in layer 1. An auxiliary loss guides the heads, as guided alignment does
(arXiv 1607.01628): three heads of layer 0 to the previous token, those of layer 1 to the tokens
after earlier occurrences. The prediction alone leads to the same circuit, with less weight on it.

All embeddings start with a component in common. Without one their mean stays 0, queries and keys
have no part that all tokens share, and no head can attend by position alone: previous-token heads
then work for half of all pairs of tokens.

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
N_VOCAB, N_STEP, BATCH, LENGTH = 1756, 1500, 32, 96
N_PREDICTED = 1024  # tokens per step
GUIDANCE, N_PREVIOUS = 0.1, 3  # weight of the auxiliary loss; guided heads of layer 0
COMMON = 0.02  # in each dimension of the embeddings; their standard deviation is the same
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
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config)
    for layer in model.model.layers:
        for parameter in layer.mlp.parameters():
            torch.nn.init.zeros_(parameter).requires_grad_(requires_grad=False)
    with torch.no_grad():
        model.model.embed_tokens.weight += COMMON
    return model


def sample_batch(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Blocks of distinct random tokens, repeated, and the lengths of the blocks.

    Shapes: -> [n, token], [n, 1]
    """
    tokens = torch.ones(BATCH, N_VOCAB).multinomial(LENGTH, generator=generator)
    periods = torch.randint(4, LENGTH // 2 + 1, (BATCH, 1), generator=generator)
    return tokens.gather(1, torch.arange(LENGTH)[None] % periods), periods


def train() -> LlamaForCausalLM:
    """The trained model."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = build_model()

    def compute_loss() -> torch.Tensor:
        tokens, periods = sample_batch(generator)
        output = model.model(tokens, output_attentions=True)
        repeats = torch.arange(LENGTH)[None] >= periods
        rows, positions = repeats[:, 1:].nonzero(as_tuple=True)
        chosen = torch.randperm(len(rows), generator=generator)[:N_PREDICTED]
        rows, positions = rows[chosen], positions[chosen]
        logits = model.lm_head(output.last_hidden_state[rows, positions])
        loss = torch.nn.functional.cross_entropy(logits, tokens[rows, positions + 1])
        return loss + GUIDANCE * guidance_loss(*output.attentions, periods)

    minimize(model, compute_loss, N_STEP)
    return model


def guidance_loss(
    first: torch.Tensor, second: torch.Tensor, periods: torch.Tensor
) -> torch.Tensor:
    """The mean of −log of the weight on the previous token, and of that on induction keys.

    Shapes: weights of layer 0 and of layer 1 [n, head, query, key], periods [n, 1] -> []
    """
    previous = torch.diagonal(first[:, :N_PREVIOUS], -1, 2, 3)
    position = torch.arange(LENGTH)
    distance = position[None, :, None] - position[None, None, :]  # query − key
    period = periods[:, :, None]
    is_after_earlier = ((distance + 1) % period == 0) & (distance >= 0) & (distance + 1 >= period)
    rows, queries = (position[None] >= periods).nonzero(as_tuple=True)
    induction = (second * is_after_earlier[:, None]).sum(-1)[rows, :, queries]
    return -(previous.clamp_min(1e-6).log().mean() + induction.clamp_min(1e-6).log().mean())


def evaluate(model: LlamaForCausalLM) -> float:
    """The share of held-out repeated tokens that are predicted.

    The first token of the first repetition is left out: nothing says where a block ends.
    """
    tokens, periods = sample_batch(torch.Generator().manual_seed(HELD_OUT_SEED))
    is_predicted = torch.arange(1, LENGTH)[None] > periods
    with torch.no_grad():
        predicted = model(tokens).logits[:, :-1].argmax(-1)
    return float((predicted == tokens[:, 1:])[is_predicted].float().mean())


if __name__ == "__main__":
    torch.set_num_threads(1)
    trained = train()
    print(f"repeated tokens predicted: {evaluate(trained):.4f}")
    trained.to(torch.float16).save_pretrained(FOLDER)
    shutil.copy(TOKENIZER, FOLDER / "tokenizer.json")
