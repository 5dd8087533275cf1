"""A byte-level tokenizer with the control tokens of the templates."""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken, Tokenizer, processors

import attnviz

BPE = Path(attnviz.__file__).parent / "sources/tokenizing/bpe.json"
CONTROL = (
    *("<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>"),
    *("<|eot_id|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]"),
    *("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
)
SETTINGS = {"bos_token": "<s>", "eos_token": {"content": "</s>", "special": True}}


def build_tokenizer() -> Tokenizer:
    """Attnviz's BPE with control tokens, which puts <s> before each text."""
    tokenizer = Tokenizer.from_str(BPE.read_text(encoding="utf-8"))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in CONTROL])
    start = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B:1", special_tokens=[("<s>", start)]
    )
    return tokenizer
