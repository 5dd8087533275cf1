"""Small tokenizer.json documents."""

from __future__ import annotations

import json
import time

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.tokenizers import find_tokenizer

TEXT = "the cat sat"
DOUBLE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
TEXT_A = {"Sequence": {"id": "A", "type_id": 0}}
TEXT_B = {"Sequence": {"id": "B", "type_id": 1}}
END = {"SpecialToken": {"id": "[SEP]", "type_id": 0}}


def bert_document(**changes) -> dict:
    """A small WordPiece tokenizer that lowercases and strips accents."""
    pieces = ["[UNK]", "[CLS]", "[SEP]", "the", "cat", "na", "##iv", "##e", "sat", "!"]
    made = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return {**json.loads(made.to_str()), **changes}


def sequence(kind, *steps):
    return {"type": "Sequence", kind: list(steps)}


def nested(kind, depth, step):
    """A step inside of `depth` sequences."""
    return step if depth == 0 else sequence(kind, nested(kind, depth - 1, step))


def template(single, ids=(2,), tokens=("[SEP]",), **more):
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [TEXT_A, TEXT_B],
        "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": list(ids), "tokens": list(tokens)}},
        **more,
    }


def split(pattern):
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


def added(content, **more):
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "special"), False)
    return {"id": 90, "content": content, "normalized": True, **flags, **more}


def bpe_document(**changes):
    """Byte pairs: "ab" is one token, without dropout."""
    vocab = {"a": 0, "b": 1, "ab": 2}
    model = {"type": "BPE", "vocab": vocab, "merges": [["a", "b"]], **changes}
    return {"version": "1.0", "added_tokens": [], "model": model}


def assert_refused(path, message, text=TEXT, pair=None):
    start = time.process_time()
    with pytest.raises(InvalidInputError, match=message) as caught:
        find_tokenizer(path).encode(text, pair)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("tokenizer '")
    assert time.process_time() - start < 2
