"""Tokenizers whose token ids are those of a vocab.json, not of their SentencePiece model.

Marian has a model per language and one vocabulary for both; M2M100's vocabulary is fairseq's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.bpe_files import read_ids
from attnviz.sources.tokenizing.charsmap import Charsmap
from attnviz.sources.tokenizing.child_worker import COLUMNS
from attnviz.sources.tokenizing.language_codes import M2M100, WMT21
from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer
from attnviz.sources.tokenizing.sentencepiece_document import sentencepiece_document
from attnviz.sources.tokenizing.sentencepiece_model import read_sentencepiece
from attnviz.sources.tokenizing.special_tokens import FolderSettings
from attnviz.sources.tokenizing.tokenizer_document import AddedToken, TokenTemplate, post_template

UNKNOWN = "<unk>"
SPECIAL = ("<s>", "</s>", "<pad>", UNKNOWN)


class MappedTokenizer:
    """A tokenizer that finds the id of each piece in a vocabulary, by its text.

    The text is normalized by the rules of the SentencePiece model first.
    """

    def __init__(
        self, tokenizer: LimitedTokenizer, ids: Mapping[str, int], charsmap: Charsmap
    ) -> None:
        self.tokenizer, self.ids, self.name = tokenizer, ids, tokenizer.name
        self.charsmap = charsmap
        self.pieces = {token_id: piece for piece, token_id in ids.items()}
        if UNKNOWN not in ids:
            raise InvalidInputError(f"the vocabulary has no {UNKNOWN!r}")

    def encode(self, *texts: str, add_special_tokens: bool = True) -> Any:
        """The encoding of a text or a pair of texts, with the ids of the vocabulary."""
        normalized = [self.charsmap.normalize(text) for text in texts]
        sentences = (text.text for text in normalized)
        encoding = self.tokenizer.encode(*sentences, add_special_tokens=add_special_tokens)
        columns = {column: getattr(encoding, column) for column in COLUMNS}
        columns["ids"] = [self.ids.get(piece, self.ids[UNKNOWN]) for piece in encoding.tokens]
        columns["offsets"] = [
            span if text is None else normalized[text].original_span(*span)
            for span, text in zip(encoding.offsets, encoding.sequence_ids, strict=True)
        ]
        return SimpleNamespace(**columns)

    @property
    def special_tokens(self) -> frozenset[str]:
        """The control tokens."""
        return self.tokenizer.special_tokens

    def id_to_token(self, token_id: int) -> str | None:
        """The piece of an id."""
        return self.pieces.get(token_id)

    def token_to_id(self, piece: str) -> int | None:
        """The id of a piece."""
        return self.ids.get(piece)

    def decode(self, ids: list[int]) -> str:
        """The text of token ids, special tokens included."""
        return "".join(self.pieces.get(i, UNKNOWN) for i in ids).replace("▁", " ").strip()


def piece_document(path: Path, special: list[str], template: TokenTemplate) -> bytes:
    """The content of a tokenizer.json for a SentencePiece model with further special tokens."""
    model = replace(read_sentencepiece(path), charsmap=b"")  # applied before
    ids = {piece.text: i for i, piece in enumerate(model.pieces)}
    for token in special:
        ids.setdefault(token, len(ids))
    added = [AddedToken(token) for token in special]
    return sentencepiece_document(
        model, model.pieces, added, ids, post_processor=post_template(template, ids)
    )


def build_marian(model: Path, vocab: Path, settings: FolderSettings) -> bytes:
    """Marian's tokenizer for the language of a SentencePiece model; >>fra<< names the target's."""
    if settings.get_bool("separate_vocabs", False):
        raise InvalidInputError("tokenizer_config.json: separate_vocabs = true is not supported")
    codes = [piece for piece in read_ids(vocab) if piece.startswith(">>") and piece[-2:] == "<<"]
    return piece_document(model, [*SPECIAL[1:], *codes], TokenTemplate("$A </s>", "$A $B </s>"))


def build_m2m100(model: Path, vocab: Path, settings: FolderSettings) -> bytes:
    """M2M100's tokenizer: the language of the text as a token before it."""
    del vocab
    codes = [f"__{code}__" for code in m2m100_languages(settings)]
    source = f"__{settings.get_str('src_lang', 'en')}__"
    template = TokenTemplate(f"{source} $A </s>", f"{source} $A $B </s>")
    return piece_document(model, [*SPECIAL, *codes], template)


def m2m100_languages(settings: FolderSettings) -> tuple[str, ...]:
    """The language codes of M2M100, or of its models for news (WMT 21)."""
    name = settings.get_str("language_codes", "m2m100")
    if name not in ("m2m100", "wmt21"):
        raise InvalidInputError(
            f"tokenizer_config.json: language_codes = {name!r:.60} should be 'm2m100' or 'wmt21'"
        )
    return M2M100 if name == "m2m100" else WMT21


def marian_ids(vocab: Path, settings: FolderSettings) -> dict[str, int]:
    """The ids of Marian's vocab.json."""
    del settings
    return read_ids(vocab)


def m2m100_ids(vocab: Path, settings: FolderSettings) -> dict[str, int]:
    """The ids of M2M100's vocab.json, then one for each language."""
    ids = read_ids(vocab)
    for code in m2m100_languages(settings):
        ids.setdefault(f"__{code}__", len(ids))
    return ids
