"""The tokenizer of a GGUF file, as the tokenizer.json that its metadata describe.

`tokenizer.ggml.model` names the kind:

- gpt2: byte-level BPE with merges; `tokenizer.ggml.pre` names the pre-tokenizer;
- llama: BPE of SentencePiece, whose merges follow from the scores of its pieces;
- t5: the unigram model of SentencePiece;
- bert: WordPiece, whose pieces are stored with "▁" at the start of a word instead of "##" within.

The document goes through the same checks as a tokenizer.json (limited_tokenizer).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record
from attnviz.sources.tokenizing.gguf_models import (
    byte_level_bpe,
    sentencepiece_bpe,
    sentencepiece_unigram,
    word_piece,
)
from attnviz.sources.tokenizing.gguf_vocabulary import Metadata, Vocabulary
from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer
from attnviz.sources.tokenizing.tokenizer_document import Step, TokenTemplate, post_template
from attnviz.sources.tokenizing.tokenizer_parser import parse_tokenizer


class GgufKind(Record):
    """A kind of tokenizer: its name in files, what it is, and how its document is built.

    `adds_start` and `adds_end`: whether a text begins and ends with special tokens where the
    file does not state it.
    """

    name: str
    summary: str
    build: Callable[[Vocabulary, Step | None], bytes]
    adds_start: bool = False
    adds_end: bool = False


KINDS = (
    GgufKind("gpt2", "byte-level BPE", byte_level_bpe),
    GgufKind("llama", "BPE of SentencePiece", sentencepiece_bpe, adds_start=True),
    GgufKind("t5", "unigram of SentencePiece", sentencepiece_unigram, adds_end=True),
    GgufKind("bert", "WordPiece", word_piece),
)
ENCODERS = ("bert", "modern-bert", "nomic-bert")  # architectures with tokens around a text
STARTS = ("llama3", "llama-v3", "llama-bpe")  # pre-tokenizers of Llama 3, which has a start token


def describe_tokenizer(metadata: Metadata, name: str) -> str:
    """The kind of the tokenizer, and where it comes from. Raises the errors of `find_kind`."""
    summary, pre = find_kind(metadata, name).summary, metadata.get("tokenizer.ggml.pre")
    named = f" ({pre})" if isinstance(pre, str) and summary == KINDS[0].summary else ""
    return f"{summary}{named}, from the metadata"


def find_kind(metadata: Metadata, name: str) -> GgufKind:
    """The kind of the tokenizer.

    Raises CouldNotError for a file without a vocabulary, InvalidInputError for a kind that is
    not supported.
    """
    if "tokenizer.ggml.tokens" not in metadata:
        raise CouldNotError(f"{name!r} has no vocabulary; use a GGUF file that has one")
    model = metadata.get("tokenizer.ggml.model")
    for kind in KINDS:
        if kind.name == model:
            return kind
    supported = ", ".join(kind.name for kind in KINDS)
    raise InvalidInputError(
        f"tokenizer of {name!r}: tokenizer.ggml.model = {model!r:.60} is not supported; "
        f"supported: {supported}"
    )


class Source(Record):
    """Metadata of a file and its architecture; equal to those of the same file only."""

    metadata: Metadata
    architecture: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and self.metadata is other.metadata

    def __hash__(self) -> int:
        return id(self.metadata)


def build_tokenizer(metadata: Metadata, architecture: str, name: str) -> LimitedTokenizer:
    """The tokenizer of a file; the last two are cached.

    Raises the errors of `find_kind`, and InvalidInputError for metadata that do not fit together.
    """
    return build_cached(Source(metadata, architecture), name)


@lru_cache(maxsize=2)
def build_cached(source: Source, name: str) -> LimitedTokenizer:
    """The same, cached."""
    kind = find_kind(source.metadata, name)
    try:
        vocabulary = Vocabulary(source.metadata, source.architecture)
        content = kind.build(vocabulary, post_processor(vocabulary, kind))
    except InvalidInputError as error:
        raise InvalidInputError(f"tokenizer of {name!r}: {error}") from None
    return parse_tokenizer(content, name)


def post_processor(vocabulary: Vocabulary, kind: GgufKind) -> Step | None:
    """The template of special tokens around a text and a pair; None without special tokens."""
    is_encoder = vocabulary.architecture in ENCODERS
    adds_start = kind.adds_start or is_encoder or vocabulary.find("pre") in STARTS
    adds_end = kind.adds_end or is_encoder
    first = ("cls", "bos") if kind.name == "bert" else ("bos", "cls")
    last = ("seperator", "eos") if kind.name == "bert" else ("eos", "seperator")  # (sic)
    start = vocabulary.token(*first) if vocabulary.flag("add_bos_token", adds_start) else None
    end = vocabulary.token(*last) if vocabulary.flag("add_eos_token", adds_end) else None
    if start is None and end is None:
        return None
    start, end = start or "", end or ""
    single = f"{start} $A {end}"
    if kind.name == "bert":
        pair = f"{single} $B:1 {end}:1"
    elif is_encoder:  # RoBERTa
        pair = f"{single} {end} $B {end}"
    else:
        pair = f"{single} {start} $B {end}"
    return post_template(TokenTemplate(single, pair), vocabulary.ids)
