"""All architectures of GGUF files that can be read, one row each."""

from __future__ import annotations

from attnviz.sources.checkpoint.gguf import decoders, encoders, llama_like
from attnviz.sources.checkpoint.gguf.architecture import Architecture

ARCHITECTURES: tuple[Architecture, ...] = (
    *llama_like.ROWS,
    *decoders.ROWS,
    *encoders.ROWS,
)
