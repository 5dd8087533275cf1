"""Tokenizers made of a SentencePiece model, by their class: T5, XLM-R, ALBERT, Llama, mBART …

A class arranges token ids around the pieces of the file, adds special tokens, and normalizes the
text before the model does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from attnviz.record import Record
from attnviz.sources.tokenizing.language_codes import MBART, MBART50, NLLB
from attnviz.sources.tokenizing.sentencepiece_document import sentencepiece_document
from attnviz.sources.tokenizing.sentencepiece_layouts import (
    Layout,
    albert_layout,
    camembert_layout,
    deberta_layout,
    fairseq_layout,
    pegasus_layout,
    pegasus_reserved,
    pieces_of_file,
    sentinels,
    t5_layout,
)
from attnviz.sources.tokenizing.sentencepiece_model import (
    read_sentencepiece,
)
from attnviz.sources.tokenizing.special_token_templates import (
    bert_template,
    eos_template,
    roberta_template,
)
from attnviz.sources.tokenizing.special_tokens import FolderSettings
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    NamedTokens,
    Step,
    TokenTemplate,
    post_template,
    replace,
)

MASK = AddedToken("<mask>", lstrip=True)
BRACKETS: NamedTokens = {
    "bos_token": "[CLS]",
    "eos_token": "[SEP]",
    "sep_token": "[SEP]",
    "cls_token": "[CLS]",
    "mask_token": AddedToken("[MASK]", lstrip=True),
}
FAIRSEQ: NamedTokens = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
}


class SentencePieceKind(Record, kw_only=True):
    """A tokenizer class: its layout of ids, special tokens by name, template and normalizers.

    `others` are its further special tokens, most of them languages.
    """

    layout: Layout = pieces_of_file
    named: NamedTokens = field(default_factory=dict)
    template: Callable[[FolderSettings], TokenTemplate]
    before: Callable[[FolderSettings], list[Step]] = lambda settings: []
    others: Callable[[FolderSettings], list[str]] = lambda settings: []
    legacy: bool = True  # where tokenizer_config.json does not state it

    def build(self, path: Path, settings: FolderSettings) -> bytes:
        """The content of a tokenizer.json for a SentencePiece model and its folder's settings."""
        model = read_sentencepiece(path)
        pieces = self.layout(model, settings)
        vocabulary = {piece.text: i for i, piece in enumerate(pieces)}
        others = [AddedToken(token) for token in self.others(settings)]
        added, ids = settings.add_tokens(vocabulary, self.named, others)
        return sentencepiece_document(
            model,
            pieces,
            added,
            ids,
            before=self.before(settings),
            prefix_once=not settings.get_bool("legacy", self.legacy),
            post_processor=post_template(self.template(settings), ids),
        )


def albert_steps(settings: FolderSettings) -> list[Step]:
    """ALBERT's normalizers: quotation marks, accents, lower case."""
    steps = [replace("``", '"'), replace("''", '"')]
    if not settings.get_bool("keep_accents", False):
        steps += [{"type": "NFKD"}, {"type": "StripAccents"}]
    if settings.get_bool("do_lower_case", True):
        steps.append({"type": "Lowercase"})
    return steps


def deberta_steps(settings: FolderSettings) -> list[Step]:
    """DeBERTa's normalizer: lower case, where it is set."""
    return [{"type": "Lowercase"}] if settings.get_bool("do_lower_case", False) else []


def final_eos_template(settings: FolderSettings) -> TokenTemplate:
    """</s> at the end."""
    eos = settings.text("eos_token", "</s>")
    return TokenTemplate(f"$A {eos}", f"$A $B {eos}")


def bos_template(bos_default: str, eos_default: str) -> Callable[[FolderSettings], TokenTemplate]:
    """The start token, and the end token where it is set, around each text."""

    def template(settings: FolderSettings) -> TokenTemplate:
        is_begun = settings.get_bool("add_bos_token", True)
        is_ended = settings.get_bool("add_eos_token", False)
        bos = settings.text("bos_token", bos_default) if is_begun else ""
        eos = settings.text("eos_token", eos_default) if is_ended else ""
        second = f"{bos and f'{bos}:1'} $B:1 {eos and f'{eos}:1'}"
        return TokenTemplate(f"{bos} $A {eos}", f"{bos} $A {eos} {second}")

    return template


def language(default: str, *, first: bool) -> Callable[[FolderSettings], TokenTemplate]:
    """The code of the source language, before the text or after its end token."""

    def template(settings: FolderSettings) -> TokenTemplate:
        code = settings.get_str("src_lang", default)
        if first and not settings.get_bool("legacy_behaviour", False):
            return TokenTemplate(f"{code} $A </s>", f"{code} $A $B </s>")
        return TokenTemplate(f"$A </s> {code}", f"$A $B </s> {code}")

    return template


def madeup_words(n: int) -> list[str]:
    """Tokens without a meaning that fairseq adds to a vocabulary."""
    return [f"<madeupword{i}>" for i in range(n)]


SENTENCEPIECE_KINDS: Mapping[str, SentencePieceKind] = {
    "T5Tokenizer": SentencePieceKind(
        layout=t5_layout,
        named={"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
        template=eos_template,
        others=sentinels,
    ),
    "XLMRobertaTokenizer": SentencePieceKind(
        layout=fairseq_layout("<mask>"),
        named={**FAIRSEQ, "mask_token": MASK},
        template=roberta_template,
    ),
    "CamembertTokenizer": SentencePieceKind(
        layout=camembert_layout,
        named={**FAIRSEQ, "mask_token": MASK},
        template=roberta_template,
        others=lambda settings: ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
    ),
    "AlbertTokenizer": SentencePieceKind(
        layout=albert_layout,
        named={**BRACKETS, "unk_token": "<unk>", "pad_token": "<pad>"},
        template=bert_template,
        before=albert_steps,
    ),
    "DebertaV2Tokenizer": SentencePieceKind(
        layout=deberta_layout,
        named={**BRACKETS, "unk_token": "[UNK]", "pad_token": "[PAD]", "mask_token": "[MASK]"},
        template=bert_template,
        before=deberta_steps,
    ),
    "BigBirdTokenizer": SentencePieceKind(
        named={
            **FAIRSEQ,
            "sep_token": "[SEP]",
            "cls_token": "[CLS]",
            "mask_token": AddedToken("[MASK]", lstrip=True),
        },
        template=bert_template,
    ),
    "PegasusTokenizer": SentencePieceKind(
        layout=pegasus_layout,
        named={
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": "<mask_2>",
        },
        template=final_eos_template,
        others=pegasus_reserved,
    ),
    "LlamaTokenizer": SentencePieceKind(
        named={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
        template=bos_template("<s>", "</s>"),
    ),
    "GemmaTokenizer": SentencePieceKind(
        named={
            "bos_token": "<bos>",
            "eos_token": "<eos>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
        },
        template=bos_template("<bos>", "<eos>"),
    ),
    "XGLMTokenizer": SentencePieceKind(
        layout=fairseq_layout(*madeup_words(7)),
        named=FAIRSEQ,
        template=lambda settings: TokenTemplate("</s> $A", "</s> $A </s> </s> $B"),
        others=lambda settings: madeup_words(7),
    ),
    "MBartTokenizer": SentencePieceKind(
        layout=fairseq_layout(*MBART, "<mask>"),
        named={**FAIRSEQ, "mask_token": MASK},
        template=language("en_XX", first=False),
        others=lambda settings: list(MBART),
    ),
    "MBart50Tokenizer": SentencePieceKind(
        layout=fairseq_layout(*MBART50, "<mask>"),
        named={**FAIRSEQ, "mask_token": MASK},
        template=language("en_XX", first=True),
        others=lambda settings: list(MBART50),
    ),
    "NllbTokenizer": SentencePieceKind(
        layout=fairseq_layout(*NLLB, "<mask>"),
        named={**FAIRSEQ, "mask_token": MASK},
        template=language("eng_Latn", first=True),
        others=lambda settings: list(NLLB),
    ),
}
