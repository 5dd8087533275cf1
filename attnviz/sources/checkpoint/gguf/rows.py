"""All architectures of GGUF files that can be read, one row each."""

from __future__ import annotations

from attnviz.sources.checkpoint.gguf import (
    decoders,
    encoders,
    llama_like,
    llama_variants,
    mixture_of_experts,
)
from attnviz.sources.checkpoint.gguf.architecture import Architecture

ARCHITECTURES: tuple[Architecture, ...] = (  # rows with a requirement before those without
    *mixture_of_experts.ROWS,
    *llama_variants.ROWS,
    *llama_like.ROWS,
    *decoders.ROWS,
    *encoders.ROWS,
)
