"""tekken.json: the byte-level BPE of Mistral's newer models, ranked as in tiktoken."""

from __future__ import annotations

import binascii
from base64 import b64decode
from pathlib import Path
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.bpe_merges import all_merges
from attnviz.sources.tokenizing.byte_letters import byte_letters
from attnviz.sources.tokenizing.special_tokens import FolderSettings, read_json_value
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    TokenTemplate,
    byte_level,
    make_document,
    post_template,
    sequence,
    split,
)

MAX_BYTES = 64 << 20  # bytes; known files have 19 MB
MAX_VOCABULARY = 1 << 20
# Of files that do not list their special tokens; others are called <SPECIAL_n>.
SPECIAL = (
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
)


def build_tekken(path: Path, settings: FolderSettings) -> bytes:
    """The content of a tokenizer.json for a tekken.json.

    The special tokens have the first ids; the start token is added. Raises InvalidInputError for
    entries that are missing or no base64.
    """
    del settings
    document = read_json_value(path, MAX_BYTES)
    config, entries = (get(document, key, path) for key in ("config", "vocab"))
    n_vocab = read_count(config, "default_vocab_size", path)
    n_special = read_count(config, "default_num_special_tokens", path)
    pattern = config.get("pattern")
    if not isinstance(pattern, str) or not isinstance(entries, list):
        raise InvalidInputError(f"{path.name}: pattern should be a string, vocab a list")
    special = special_tokens(document, n_special, path)
    letters = byte_letters()
    pieces = [
        "".join(letters[byte] for byte in read_bytes(entry, rank, path))
        for rank, entry in enumerate(entries[: max(0, n_vocab - n_special)])
    ]
    ids = {piece: i for i, piece in enumerate([*special, *pieces])}
    if len(ids) < n_vocab:
        raise InvalidInputError(f"{path.name} has fewer than {n_vocab:,} different tokens")
    return make_document(
        {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "ignore_merges": True,
            "vocab": ids,
            "merges": all_merges(pieces, set(pieces)),
        },
        [AddedToken(token) for token in special],
        ids,
        pre_tokenizer=sequence(
            "pretokenizers", [split(pattern, "Isolated", regex=True), byte_level(use_regex=False)]
        ),
        post_processor=post_template(TokenTemplate("<s> $A", "<s> $A <s>:1 $B:1"), ids),
        decoder=byte_level(),
    )


def get(document: Any, key: str, path: Path) -> Any:
    """An entry of the file. Raises InvalidInputError where it is missing."""
    if not isinstance(document, dict) or not isinstance(document.get(key), dict | list):
        raise InvalidInputError(f"{path.name} has no {key!r}")
    return document[key]


def read_count(config: Any, key: str, path: Path) -> int:
    """A number of tokens."""
    value = config.get(key) if isinstance(config, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_VOCABULARY:
        raise InvalidInputError(
            f"{path.name}: {key} should be an integer from 1 to {MAX_VOCABULARY:,}"
        )
    return value


def special_tokens(document: Any, n_special: int, path: Path) -> list[str]:
    """The special tokens in the order of their ids; those without a name are <SPECIAL_n>."""
    listed = document.get("special_tokens")
    names = list(SPECIAL)
    if isinstance(listed, list):
        names = [str(t.get("token_str", "")) if isinstance(t, dict) else "" for t in listed]
    if not all(names) or len(names) > n_special:
        raise InvalidInputError(f"{path.name}: special_tokens should be at most {n_special} names")
    return [*names, *(f"<SPECIAL_{i}>" for i in range(len(names), n_special))]


def read_bytes(entry: Any, rank: int, path: Path) -> bytes:
    """The bytes of a token."""
    try:
        if entry["rank"] != rank:
            raise KeyError(rank)
        return b64decode(entry["token_bytes"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise InvalidInputError(
            f"{path.name}: entry {rank} of vocab should have rank {rank} and token_bytes in base64"
        ) from None
