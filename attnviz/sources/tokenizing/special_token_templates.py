"""Templates of special tokens around texts, of tokenizers of every kind of file.

Each reads its tokens from the settings of a folder; the defaults are those of the class.
"""

from __future__ import annotations

from attnviz.sources.tokenizing.special_tokens import FolderSettings
from attnviz.sources.tokenizing.tokenizer_document import TokenTemplate


def bert_template(settings: FolderSettings) -> TokenTemplate:
    """[CLS] before the first text, [SEP] after each; the second text has type id 1."""
    cls, sep = settings.text("cls_token", "[CLS]"), settings.text("sep_token", "[SEP]")
    return TokenTemplate(f"{cls} $A {sep}", f"{cls} $A {sep} $B:1 {sep}:1")


def roberta_template(settings: FolderSettings) -> TokenTemplate:
    """<s> and </s> around the first text, </s> before and after the second."""
    cls, sep = settings.text("cls_token", "<s>"), settings.text("sep_token", "</s>")
    return TokenTemplate(f"{cls} $A {sep}", f"{cls} $A {sep} {sep} $B {sep}")


def eos_template(settings: FolderSettings) -> TokenTemplate:
    """</s> after each text."""
    eos = settings.text("eos_token", "</s>")
    return TokenTemplate(f"$A {eos}", f"$A {eos} $B {eos}")
