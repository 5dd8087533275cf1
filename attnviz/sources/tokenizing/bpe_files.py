"""vocab.json and merges.txt: byte-level BPE of GPT-2, RoBERTa, CLIP and their relatives.

Paper: 1508.07909 (BPE)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.safe_read import decode_text, read_file
from attnviz.sources.tokenizing.special_token_templates import (
    bert_template,
    eos_template,
    roberta_template,
)
from attnviz.sources.tokenizing.special_tokens import FolderSettings, read_json_value
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    NamedTokens,
    Step,
    TokenTemplate,
    byte_level,
    make_document,
    post_template,
    replace,
    sequence,
    split,
)

MAX_BYTES = 32 << 20  # bytes; the largest known files have 3 MB
END_OF_TEXT = "<|endoftext|>"
GPT2: NamedTokens = dict.fromkeys(("bos_token", "eos_token", "unk_token"), END_OF_TEXT)
ROBERTA: NamedTokens = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": AddedToken("<mask>", lstrip=True),
}
DEBERTA: NamedTokens = {
    "bos_token": "[CLS]",
    "eos_token": "[SEP]",
    "sep_token": "[SEP]",
    "cls_token": "[CLS]",
    "unk_token": "[UNK]",
    "pad_token": "[PAD]",
    "mask_token": AddedToken("[MASK]", lstrip=True),
}
QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def gpt2_template(settings: FolderSettings) -> TokenTemplate:
    """The start token before each text, where it is set."""
    if not settings.get_bool("add_bos_token", False):
        return TokenTemplate("$A", "$A $B:1")
    bos = settings.text("bos_token", END_OF_TEXT)
    return TokenTemplate(f"{bos} $A", f"{bos} $A {bos} $B")


def clip_template(settings: FolderSettings) -> TokenTemplate:
    """<|startoftext|> and <|endoftext|> around each text."""
    bos = settings.text("bos_token", "<|startoftext|>")
    eos = settings.text("eos_token", END_OF_TEXT)
    return TokenTemplate(f"{bos} $A {eos}", f"{bos} $A {eos} {eos} $B {eos}")


class ByteLevelKind(Record, kw_only=True):
    """A byte-level BPE class: special tokens by name, template, and the steps before BPE."""

    named: NamedTokens = field(default_factory=dict)
    template: Callable[[FolderSettings], TokenTemplate] = gpt2_template
    add_prefix_space: bool = False  # where tokenizer_config.json does not state it
    normalizers: tuple[Step, ...] = ()
    words: Step | None = None  # the split into words; None: GPT-2's
    suffix: str = ""  # of the last piece of a word

    def build(self, vocab: Path, merges: Path, settings: FolderSettings) -> bytes:
        """The content of a tokenizer.json for a vocabulary, its merges and a folder's settings."""
        vocabulary = read_ids(vocab)
        added, ids = settings.add_tokens(vocabulary, self.named)
        prefix_space = bool(settings.get_bool("add_prefix_space", self.add_prefix_space))
        letters = byte_level(add_prefix_space=prefix_space, use_regex=self.words is None)
        unknown = settings.text("unk_token", "") or str(self.named.get("unk_token", ""))
        model: dict[str, Any] = {
            "type": "BPE",
            "dropout": None,
            "unk_token": unknown if self.suffix and unknown in vocabulary else None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": self.suffix,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": read_merges(merges, vocabulary),
        }
        return make_document(
            model,
            added,
            ids,
            normalizer=sequence("normalizers", self.normalizers),
            pre_tokenizer=sequence("pretokenizers", filter(None, [self.words, letters])),
            post_processor=post_template(self.template(settings), ids),
            decoder=byte_level(),
        )


def read_ids(path: Path) -> dict[str, int]:
    """The pieces of a vocab.json, with their ids 0, 1, 2 …"""
    document = read_json_value(path, MAX_BYTES)
    is_ids = isinstance(document, dict) and all(type(n) is int for n in document.values())
    if not is_ids or sorted(document.values()) != list(range(len(document))) or not document:
        raise InvalidInputError(f"{path.name} should map pieces to the ids 0, 1, 2 …")
    return document


def read_merges(path: Path, vocabulary: Mapping[str, int]) -> list[list[str]]:
    """The merges of a merges.txt, two pieces a line; a first line with the version is no merge."""
    try:
        lines = decode_text(read_file(path, MAX_BYTES, repr(str(path)))).split("\n")
    except InvalidInputError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None
    merges = []
    for number, line in enumerate(lines, start=1):
        if (number == 1 and line.startswith("#version")) or not line.strip():
            continue
        pair = line.rstrip("\r").split(" ")
        if len(pair) != 2 or not all(piece in vocabulary for piece in (*pair, "".join(pair))):
            raise InvalidInputError(
                f"{path.name}, line {number}: {line!r:.60} should be two pieces of the vocabulary "
                "that make a third"
            )
        merges.append(pair)
    return merges


BPE_KINDS: Mapping[str, ByteLevelKind] = {
    "GPT2Tokenizer": ByteLevelKind(named=GPT2),
    "RobertaTokenizer": ByteLevelKind(named=ROBERTA, template=roberta_template),
    "BlenderbotTokenizer": ByteLevelKind(named=ROBERTA, template=eos_template),
    "DebertaTokenizer": ByteLevelKind(named=DEBERTA, template=bert_template),
    "Qwen2Tokenizer": ByteLevelKind(
        named={"eos_token": END_OF_TEXT, "pad_token": END_OF_TEXT, "unk_token": END_OF_TEXT},
        normalizers=({"type": "NFC"},),
        words=split(QWEN2_WORDS, "Isolated", regex=True),
    ),
    "CLIPTokenizer": ByteLevelKind(
        named={
            "bos_token": "<|startoftext|>",
            "eos_token": END_OF_TEXT,
            "unk_token": END_OF_TEXT,
            "pad_token": END_OF_TEXT,
        },
        template=clip_template,
        normalizers=(
            {"type": "NFC"},
            replace(r"\s+", " ", regex=True),
            {"type": "Lowercase"},
        ),
        words=split(CLIP_WORDS, "Removed", regex=True, invert=True),
        suffix="</w>",
    ),
}
