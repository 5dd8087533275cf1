"""Growth of texts: how many times longer each step of a tokenizer.json may make them.

Sizes are bytes of UTF-8. A step is a normalizer, a pre-tokenizer, a post-processor or a decoder;
steps may stand in sequences. The factors of Unicode normal forms are those of UAX #15.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.regex_cost import is_costly

MAX_DEPTH, MAX_STEPS = 8, 256  # sequences within sequences; steps of a setting
MAX_PATTERN = 10_000  # characters of a regular expression
STEP_LISTS = ("normalizers", "pretokenizers", "processors", "decoders")


def each_of(names: str, factor: int) -> dict[str, int]:
    """The same factor for several types."""
    return dict.fromkeys(names.split(), factor)


# Setting -> type of its steps -> factor, where none of the keys below changes it.
FACTORS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "normalizer": {
            "BertNormalizer": 8,  # accents decomposed (3), lowercase (1.5), CJK spaced (5/3)
            "ByteLevel": 2,
            "Lowercase": 2,
            "NFC": 3,
            "NFD": 3,
            "NFKC": 11,
            "NFKD": 11,
            **each_of("Nmt Precompiled Prepend Replace Sequence Strip StripAccents", 1),
        },
        "pre_tokenizer": {
            "ByteLevel": 4,  # with a space before each piece
            "Metaspace": 4,
            **each_of("BertPreTokenizer CharDelimiterSplit Digits FixedLength Punctuation", 1),
            **each_of("Sequence Split UnicodeScripts Whitespace WhitespaceSplit", 1),
        },
        "post_processor": each_of(
            "BertProcessing ByteLevel RobertaProcessing Sequence TemplateProcessing", 1
        ),
        "decoder": {
            **each_of("BPEDecoder ByteFallback ByteLevel CTC Metaspace WordPiece", 3),
            **each_of("Fuse Replace Sequence Strip", 1),
        },
    }
)


class Step(NamedTuple):
    """A step: its path in the file, its JSON object, and the factor of growth."""

    path: str
    document: Mapping[str, Any]
    factor: int
    is_costly: bool = False  # a regular expression may take long
    has_regex: bool = False


def read_steps(setting: str, settings: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps of a setting ("normalizer", …) in their order, sequences before their members.

    Raises InvalidInputError, with the path, for steps that are not known or out of bounds.
    """
    steps: list[Step] = []
    for path, document in walk_steps(setting, settings.get(setting), 0):
        steps.append(read_step(setting, path, document))
        if len(steps) > MAX_STEPS:
            raise InvalidInputError(f"{setting} has more than {MAX_STEPS} steps")
    return tuple(steps)


def walk_steps(path: str, document: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every step at or below a place of the file."""
    if document is None:
        return
    if not isinstance(document, dict):
        raise InvalidInputError(f"{path} should be an object")
    if depth > MAX_DEPTH:
        raise InvalidInputError(f"{path} is nested more than {MAX_DEPTH} deep")
    yield path, document
    for key in STEP_LISTS:
        members = document.get(key)
        for i, member in enumerate(members if isinstance(members, list) else ()):
            yield from walk_steps(f"{path}.{key}[{i}]", member, depth + 1)


def read_step(setting: str, path: str, document: Mapping[str, Any]) -> Step:
    """A step with its factor. Its keys count whatever its type is: the type may be left out."""
    factors = FACTORS[setting]
    kind = document.get("type")
    if kind is not None and (not isinstance(kind, str) or kind not in factors):
        raise InvalidInputError(f"{path}.type = {str(kind)[:60]!r} is not supported")
    factor = factors.get(kind, max(factors.values())) if kind else max(factors.values())
    pattern = document.get("pattern")
    regex = pattern.get("Regex") if isinstance(pattern, dict) else None
    if isinstance(regex, str) and len(regex) > MAX_PATTERN:
        raise InvalidInputError(f"{path}.pattern is longer than {MAX_PATTERN:,} characters")
    factor = max(
        factor,
        replace_factor(pattern, document.get("content")) if pattern is not None else 1,
        1 + n_byte(document.get("prepend")),
        1 + n_byte(document.get("replacement")),
        longest_replacement(document.get("precompiled_charsmap"), path),
    )
    costly = isinstance(regex, str) and is_costly(regex)
    return Step(path, document, factor, costly, regex is not None)


def n_byte(text: Any) -> int:
    """Bytes of a string; 0 for any other value, which the library refuses."""
    return len(text.encode(errors="replace")) if isinstance(text, str) else 0


def replace_factor(pattern: Any, content: Any) -> int:
    """Growth by replacing matches; those of a regular expression may be empty."""
    literal = n_byte(pattern.get("String")) if isinstance(pattern, dict) else 0
    return 1 + n_byte(content) if not literal else max(1, -(-n_byte(content) // literal))


def longest_replacement(charsmap: Any, path: str) -> int:
    """Bytes of the longest replacement in SentencePiece's table of characters.

    The table is the size of a trie in 4 bytes, the trie, and strings that end in a NUL.
    """
    if not isinstance(charsmap, str):
        return 1
    try:
        table = b64decode(charsmap)
    except (binascii.Error, ValueError):
        raise InvalidInputError(f"{path}.precompiled_charsmap is not base64") from None
    strings = table[4 + int.from_bytes(table[:4], "little") :]
    return max(1, *map(len, strings.split(b"\0")))
