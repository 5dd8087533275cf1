"""tokenizer.json, from a file that nobody vouches for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from attnviz.core.tokens import Token
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.file_stamp import stamp
from attnviz.sources.tokenizing.encode import failures

CAP = 64 << 20  # bytes; the largest known tokenizer.json has half of that


def load(path: Path) -> Any:
    """The tokenizer in a file, or in the folder that holds a tokenizer.json.

    What the file says of padding and truncation is not obeyed: padding to a stated length would
    end the process, and truncation would drop words in silence.
    The last few are kept as long as their files stay as they are: a corpus asks line by line.
    Raises CouldNotError where there is no such file, InvalidInputError for anything else.
    """
    return loaded(path, stamp(path))


@lru_cache(maxsize=4)
def loaded(path: Path, seen: object) -> Any:
    """The same, read once for each state of the file that was seen."""
    vocabulary = built(read(path), str(path))
    vocabulary.no_padding()
    vocabulary.no_truncation()
    return vocabulary


def read(path: Path) -> bytes:
    """The bytes of the file, no more than a tokenizer may have."""
    try:
        path = path / "tokenizer.json" if path.is_dir() else path
        with path.open("rb") as file:
            content = file.read(CAP + 1)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise CouldNotError(f"cannot read tokenizer {str(path)!r}: {why}") from None
    if len(content) > CAP:
        raise InvalidInputError(
            f"tokenizer {str(path)!r} has more than {CAP >> 20} MB, the most a tokenizer.json "
            "may have"
        )
    return content


def built(content: bytes, name: str) -> Any:
    """The library's tokenizer from the text of its file."""
    from tokenizers import Tokenizer

    try:
        with failures(name):
            return Tokenizer.from_buffer(content)
    except InvalidInputError:
        refuse_other_things(content, name)  # which says more than the library does
        raise


def refuse_other_things(content: bytes, name: str) -> None:
    """A tokenizer is a JSON object."""
    try:
        document = json.loads(content)
    except RecursionError:
        raise InvalidInputError(f"tokenizer {name!r} is JSON nested too deeply") from None
    except ValueError as problem:
        raise InvalidInputError(f"tokenizer {name!r} is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise InvalidInputError(
            f"tokenizer {name!r} should be a JSON object, as tokenizer.json files are; it is a "
            f"{type(document).__name__}"
        )


def spelled(vocabulary: Any, ids: Sequence[int]) -> tuple[Token, ...]:
    """Words by their numbers in a vocabulary, as tokens of no text."""
    pieces = [vocabulary.id_to_token(number) or f"#{number}" for number in ids]
    shown_as = [vocabulary.decode([n], skip_special_tokens=False).strip() for n in ids]
    return tuple(
        Token(piece, label if label and "\ufffd" not in label else piece)
        for piece, label in zip(pieces, shown_as, strict=True)
    )


@cache
def shipped() -> Any:
    """The byte-level BPE that comes with attnviz; tests/training/train_bpe.py made it."""
    return load(Path(__file__).with_name("bpe.json"))
