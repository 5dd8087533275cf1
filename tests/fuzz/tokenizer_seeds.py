"""Small valid tokenizer.json documents, with every kind of step that the library has."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, processors
from tokenizers import pre_tokenizers as splits

WORDS = (
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "cat",
    "na",
    "##iv",
    "##e",
    "sat",
    "!",
    "4",
    "▁the",
    "▁",
)
IDS = {word: i for i, word in enumerate(WORDS)}
MARKS = (("[SEP]", 2), ("[CLS]", 1))
TEMPLATE = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
ADDED = AddedToken("<x>", lstrip=True, normalized=True)


def word_pieces() -> Tokenizer:
    """As BERT's."""
    made = Tokenizer(models.WordPiece(IDS, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = splits.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(*MARKS)
    made.decoder = decoders.WordPiece()
    made.enable_padding(length=12)
    return made


def byte_pairs() -> Tokenizer:
    """As GPT-2's."""
    letters = sorted(splits.ByteLevel.alphabet())
    vocab = {piece: i for i, piece in enumerate([*letters, "th", "the", "ca"])}
    merges = [("t", "h"), ("th", "e"), ("c", "a")]
    made = Tokenizer(models.BPE(vocab, merges, dropout=0.1, unk_token="a"))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = splits.ByteLevel()
    made.post_processor = processors.RobertaProcessing(("a", 0), ("b", 1))
    made.decoder = decoders.ByteLevel()
    made.enable_truncation(8)
    return made


def byte_fallback() -> Tokenizer:
    """As Llama's."""
    vocab = {f"<0x{n:02X}>": n for n in range(256)} | {"▁": 256, "▁t": 257, "t": 258, "<unk>": 259}
    made = Tokenizer(
        models.BPE(vocab, [("▁", "t")], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    steps = normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")
    made.normalizer = normalizers.Sequence(list(steps))
    made.post_processor = processors.TemplateProcessing("<unk> $A", None, [("<unk>", 259)])
    fused = decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()
    made.decoder = decoders.Sequence([*fused, decoders.Strip(" ", 1, 0)])
    return made


def unigrams() -> Tokenizer:
    """As T5's."""
    made = Tokenizer(models.Unigram([(word, -float(i)) for i, word in enumerate(WORDS)], 0, False))
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    made.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
    made.pre_tokenizer = splits.Sequence([splits.WhitespaceSplit(), splits.Metaspace()])
    made.post_processor = processors.TemplateProcessing(*TEMPLATE, [MARKS[0], MARKS[1]])
    made.decoder = decoders.Metaspace()
    return made


def words_and_signs() -> Tokenizer:
    """Every other normalizer and pre-tokenizer."""
    made = Tokenizer(models.WordLevel(IDS, unk_token="[UNK]"))
    simple = ("NFD", "NFKD", "StripAccents", "Lowercase", "Strip")
    made.normalizer = normalizers.Sequence([getattr(normalizers, name)() for name in simple])
    made.pre_tokenizer = splits.Sequence(
        [
            splits.Whitespace(),
            splits.UnicodeScripts(),
            splits.Split(Regex(r"\d{1,3}(?=(?:\d{3})*\b)"), "isolated"),
            splits.Split("-", "merged_with_previous"),
            splits.Digits(individual_digits=True),
            splits.CharDelimiterSplit("_"),
            splits.Punctuation("contiguous"),
        ]
    )
    pair = processors.TemplateProcessing(*TEMPLATE, [MARKS[0], MARKS[1]])
    made.post_processor = processors.Sequence([processors.ByteLevel(), pair])
    made.decoder = decoders.CTC("!", "4")
    return made


def seed_documents() -> list[dict[str, Any]]:
    """One document of each."""
    result = []
    for make in (word_pieces, byte_pairs, byte_fallback, unigrams, words_and_signs):
        made = make()
        made.add_tokens([ADDED])
        made.add_special_tokens(["<s>"])
        result.append(json.loads(made.to_str()))
    return result
