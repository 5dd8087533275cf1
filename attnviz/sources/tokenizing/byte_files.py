"""ByT5's tokenizer, which has no files: one token per byte of the UTF-8 text.

Paper: 2105.13626
"""

from __future__ import annotations

from attnviz.sources.tokenizing.byte_letters import byte_letters
from attnviz.sources.tokenizing.special_tokens import FolderSettings
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    TokenTemplate,
    byte_level,
    make_document,
    post_template,
)

SPECIAL = ("<pad>", "</s>", "<unk>")  # ids 0, 1 and 2
MAX_EXTRA = 10_000


def build_byt5(settings: FolderSettings) -> bytes:
    """The content of a tokenizer.json: byte b has the id b + 3, sentinel tokens follow."""
    vocabulary = {piece: i for i, piece in enumerate([*SPECIAL, *byte_letters()])}
    n_extra = settings.get_int("extra_ids", 125, MAX_EXTRA)
    stripped = [AddedToken(token, lstrip=True, rstrip=True) for token in SPECIAL]
    sentinels = [AddedToken(f"<extra_id_{i}>") for i in range(n_extra)]
    named = dict(zip(("pad_token", "eos_token", "unk_token"), stripped, strict=True))
    added, ids = settings.add_tokens(vocabulary, named, sentinels)
    return make_document(
        {"type": "BPE", "vocab": vocabulary, "merges": [], "unk_token": "<unk>"},
        added,
        ids,
        pre_tokenizer=byte_level(use_regex=False),
        post_processor=post_template(TokenTemplate("$A </s>", "$A </s> $B </s>"), ids),
        decoder=byte_level(),
    )
