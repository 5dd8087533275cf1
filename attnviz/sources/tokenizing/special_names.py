"""Special tokens by their spelling: start, end, separator, padding and control tokens."""

from __future__ import annotations

import re

KINDS = ("cls", "sep", "pad", "bos", "eos")
SPECIAL = frozenset(
    f"{left}{name}{right}"
    for left, right in ("[]", "<>")
    for kind in KINDS
    for name in (kind, kind.upper())
) | {"<s>", "</s>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]"}
CONTROL = re.compile(r"<\|[^|<>]{1,60}\|>|<｜[^｜<>]{1,60}｜>")
STAND_IN = re.compile(r"[\[<](?:unk|mask|extra_id_[0-9]+)[\]>]", re.IGNORECASE)


def is_special_name(piece: str) -> bool:
    """Whether a piece is spelled like a special token that a tokenizer adds to a text.

    Tokens that stand for a part of the text, [UNK] and [MASK], are not special.

    >>> [is_special_name(piece) for piece in ("[CLS]", "</s>", "<|im_end|>", "[MASK]", "cat")]
    [True, True, True, False, False]
    """
    return piece in SPECIAL or CONTROL.fullmatch(piece) is not None


def stands_for_text(piece: str) -> bool:
    """Whether a special token of a vocabulary stands for a part of the text.

    >>> [stands_for_text(piece) for piece in ("[UNK]", "<mask>", "<extra_id_0>", "<s>")]
    [True, True, True, False]
    """
    return STAND_IN.fullmatch(piece) is not None
