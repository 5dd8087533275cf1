"""Small tokenizer.json documents."""

from __future__ import annotations

import json

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors


def bert_document(**changes) -> dict:
    """A small WordPiece tokenizer that lowercases and strips accents."""
    pieces = ["[UNK]", "[CLS]", "[SEP]", "the", "cat", "na", "##iv", "##e", "sat", "!"]
    made = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return {**json.loads(made.to_str()), **changes}
