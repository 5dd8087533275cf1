"""vocab.txt: WordPiece vocabularies of BERT and its relatives, one piece a line.

Paper: 1609.08144 (WordPiece), 1810.04805 (BERT)
"""

from __future__ import annotations

from pathlib import Path

from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import decode_text, read_file
from attnviz.sources.tokenizing.special_token_templates import bert_template, roberta_template
from attnviz.sources.tokenizing.special_tokens import FolderSettings
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    NamedTokens,
    TokenTemplate,
    make_document,
    post_template,
)

MAX_BYTES = 32 << 20  # bytes; the largest known vocabulary has 5 MB
BERT: NamedTokens = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
MPNET: NamedTokens = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "unk_token": "[UNK]",
    "pad_token": "<pad>",
    "mask_token": AddedToken("<mask>", lstrip=True),
}
ESM: NamedTokens = {
    "cls_token": "<cls>",
    "pad_token": "<pad>",
    "eos_token": "<eos>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def read_vocabulary(path: Path) -> dict[str, int]:
    """The pieces of a vocab.txt; the id of a piece is the number of its line, from 0.

    Of a piece on two lines, the last one counts.
    """
    try:
        text = decode_text(read_file(path, MAX_BYTES, repr(str(path))))
    except InvalidInputError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None
    lines = text.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return {piece: i for i, piece in enumerate(lines)}


def build_bert(path: Path, settings: FolderSettings) -> bytes:
    """BERT's tokenizer: words by white space, punctuation and CJK characters, then WordPiece."""
    return wordpiece_document(path, settings, BERT, bert_template(settings))


def build_mpnet(path: Path, settings: FolderSettings) -> bytes:
    """MPNet's tokenizer: BERT's with the special tokens of RoBERTa."""
    return wordpiece_document(path, settings, MPNET, roberta_template(settings))


def wordpiece_document(
    path: Path, settings: FolderSettings, named: NamedTokens, template: TokenTemplate
) -> bytes:
    """The content of a tokenizer.json for a WordPiece vocabulary."""
    for key in ("do_basic_tokenize",):
        if settings.get_bool(key, True) is False:
            raise InvalidInputError(f"tokenizer_config.json: {key} = false is not supported")
    if settings.get("never_split"):
        raise InvalidInputError("tokenizer_config.json: never_split is not supported")
    vocabulary = read_vocabulary(path)
    added, ids = settings.add_tokens(vocabulary, named)
    return make_document(
        {
            "type": "WordPiece",
            "unk_token": settings.text("unk_token", "[UNK]"),
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
        added,
        ids,
        normalizer={
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": settings.get_bool("tokenize_chinese_chars", True),
            "strip_accents": settings.get_bool("strip_accents", None),
            "lowercase": settings.get_bool("do_lower_case", True),
        },
        pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor=post_template(template, ids),
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
    )


def build_esm(path: Path, settings: FolderSettings) -> bytes:
    """ESM's tokenizer of proteins: every entry of the vocabulary is matched in the text."""
    vocabulary = read_vocabulary(path)
    named, ids = settings.add_tokens(vocabulary, ESM)
    special = {token.content for token in named}
    letters = [AddedToken(text, special=False) for text in vocabulary if text not in special]
    cls, eos = settings.text("cls_token", "<cls>"), settings.text("eos_token", "<eos>")
    template = TokenTemplate(f"{cls} $A {eos}", f"{cls} $A {eos} $B {eos}")
    unknown = settings.text("unk_token", "<unk>")
    return make_document(
        {"type": "WordLevel", "vocab": vocabulary, "unk_token": unknown},
        [*named, *letters],
        ids,
        pre_tokenizer={"type": "WhitespaceSplit"},
        post_processor=post_template(template, ids),
    )
