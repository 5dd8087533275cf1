"""The vocabulary of a GGUF file: its tokens with their types and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.sentencepiece_model import BYTE, NORMAL

Metadata = Mapping[str, Any]


class Vocabulary:
    """Tokens of a file with their types (those of SentencePiece) and scores."""

    def __init__(self, metadata: Metadata, architecture: str) -> None:
        self.metadata, self.architecture = metadata, architecture
        self.tokens = list(self.strings("tokens"))
        n = len(self.tokens)
        self.types: list[int] = self.numbers("token_type", n) or [NORMAL] * n
        self.scores: list[float] = self.numbers("scores", n) or [0.0] * n
        if not all(type(kind) is int and NORMAL <= kind <= BYTE for kind in set(self.types)):
            raise self.error(f"tokenizer.ggml.token_type should be from {NORMAL} to {BYTE}")
        if not all(math.isfinite(score) for score in self.scores):
            raise self.error("tokenizer.ggml.scores has a number that is not finite")

    @property
    def ids(self) -> dict[str, int]:
        """Id of each token; of a token that occurs twice, the last one counts."""
        return {token: i for i, token in enumerate(self.tokens)}

    def entries(self) -> Iterator[tuple[str, int, float]]:
        """Each token with its type and score."""
        return zip(self.tokens, self.types, self.scores, strict=True)

    def find(self, key: str, default: Any = None) -> Any:
        """A metadata value below "tokenizer.ggml."."""
        return self.metadata.get(f"tokenizer.ggml.{key}", default)

    def error(self, reason: str) -> InvalidInputError:
        """The error for a vocabulary that cannot be used."""
        return InvalidInputError(reason)

    def strings(self, key: str) -> list[str]:
        """A list of strings."""
        values = self.find(key)
        if not isinstance(values, list):
            raise self.error(f"tokenizer.ggml.{key} should be a list of strings")
        return values

    def numbers(self, key: str, n: int) -> list[Any]:
        """A list of n numbers; empty where it is left out."""
        values = self.find(key)
        if values is None:
            return []
        if not hasattr(values, "tolist") or len(values) != n:
            raise self.error(f"tokenizer.ggml.{key} should be a list of {n:,} numbers")
        return values.tolist()

    def flag(self, key: str, default: bool) -> bool:
        """A boolean."""
        value = self.find(key, default)
        if not isinstance(value, bool):
            raise self.error(f"tokenizer.ggml.{key} should be true or false")
        return value

    def token_id(self, key: str) -> int | None:
        """The id of a special token, or None."""
        token_id = self.find(f"{key}_token_id")
        if token_id is None:
            return None
        if not isinstance(token_id, int) or not 0 <= token_id < len(self.tokens):
            raise self.error(
                f"tokenizer.ggml.{key}_token_id = {token_id!r:.40} is not below the "
                f"{len(self.tokens):,} tokens"
            )
        return token_id

    def token(self, *keys: str) -> str | None:
        """A special token, by the first key that the file has."""
        ids = (self.token_id(key) for key in keys)
        return next((self.tokens[i] for i in ids if i is not None), None)
