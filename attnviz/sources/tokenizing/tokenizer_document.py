"""Documents in the format of tokenizer.json, built from other tokenizer files.

What is built here is loaded as tokenizer.json files are, within the same limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from attnviz.errors import InvalidInputError

Step = dict[str, Any]  # a normalizer, pre-tokenizer, post-processor or decoder
Vocabulary = Mapping[str, int]  # piece -> token id


class AddedToken(NamedTuple):
    """A token that is matched in the text before the model runs, with its options."""

    content: str
    special: bool = True
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False
    single_word: bool = False


NamedTokens = Mapping[str, AddedToken | str]  # "bos_token" … -> token


class TokenTemplate(NamedTuple):
    """The special tokens around a text and around a pair of texts, as in "[CLS] $A [SEP]"."""

    single: str
    pair: str


def make_document(
    model: Step,
    added: Iterable[AddedToken],
    vocabulary: Vocabulary,
    *,
    normalizer: Step | None = None,
    pre_tokenizer: Step | None = None,
    post_processor: Step | None = None,
    decoder: Step | None = None,
) -> bytes:
    """The content of a tokenizer.json; `vocabulary` has the ids of the added tokens too."""
    ids = {token: vocabulary[token.content] for token in added}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": ids[token], **token._asdict()} for token in sorted(ids, key=lambda t: ids[t])
        ],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": decoder,
        "model": model,  # last: a reader of the settings can stop before it
    }
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        found = ascii(error.object[error.start])
        raise InvalidInputError(f"a token holds {found}, which is half a character") from None


def sequence(kind: str, steps: Iterable[Step]) -> Step | None:
    """Several steps as one; `kind` is "normalizers", "pretokenizers" or "decoders"."""
    members = list(steps)
    if len(members) < 2:
        return members[0] if members else None
    return {"type": "Sequence", kind: members}


def replace(pattern: str, content: str, *, regex: bool = False) -> Step:
    """The normalizer or decoder that replaces a text, or the matches of a regular expression."""
    kind = "Regex" if regex else "String"
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def split(pattern: str, behavior: str, *, regex: bool = False, invert: bool = False) -> Step:
    """The pre-tokenizer that splits at a text, or at the matches of a regular expression."""
    kind = "Regex" if regex else "String"
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def byte_level(*, add_prefix_space: bool = False, use_regex: bool = True) -> Step:
    """The pre-tokenizer and decoder of byte-level BPE: a letter for each byte of the text."""
    return {
        "type": "ByteLevel",
        "add_prefix_space": add_prefix_space,
        "trim_offsets": False,
        "use_regex": use_regex,
    }


def post_template(template: TokenTemplate, vocabulary: Vocabulary) -> Step:
    """The post-processor that adds the special tokens of a template.

    Raises InvalidInputError for a token that is not in the vocabulary.
    """
    special: dict[str, Any] = {}
    parts: dict[str, list[Any]] = {}
    for name, text in template._asdict().items():
        parts[name] = []
        for word in text.split():
            piece, _, type_id = word.partition(":") if word[:2] in ("$A", "$B") else (word, "", "")
            if piece in ("$A", "$B"):
                part = {"Sequence": {"id": piece[1], "type_id": int(type_id or 0)}}
            else:
                piece, type_id = (
                    (word[:-2], word[-1]) if word.endswith((":0", ":1")) else (word, 0)
                )
                if piece not in vocabulary:
                    raise InvalidInputError(f"the vocabulary has no {piece!r:.60}")
                special[piece] = {"id": piece, "ids": [vocabulary[piece]], "tokens": [piece]}
                part = {"SpecialToken": {"id": piece, "type_id": int(type_id)}}
            parts[name].append(part)
    return {"type": "TemplateProcessing", **parts, "special_tokens": special}
