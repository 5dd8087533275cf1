"""Comparison of two sentences: one mechanism on both, aligned by their tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from warnings import warn

from attnviz.api.join_maps import join_maps
from attnviz.api.look import look
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.measures.alignment import align_maps

MAX_NAME = 30  # characters of a sentence in titles and headings


def compare_texts(
    texts: tuple[str, str],
    context: str | None,
    variants: Sequence[str],
    selected: Any,
    options: Mapping[str, Any],
    *,
    differences: bool,
) -> AttentionMap:
    """The maps of one mechanism on two sentences, aligned, and with `differences` theirs.

    Raises MisuseError for several mechanisms, and for twice the same sentence.
    """
    if len(variants) > 1:
        raise MisuseError(
            "compare two sentences with one mechanism, or several mechanisms on one sentence"
        )
    if texts[0] == texts[1]:
        raise MisuseError(f"twice the same sentence: {texts[0]!r:.80}; nothing to compare")
    mechanism: Any = {**options, "variant": variants[0]} if variants else options
    maps = [look(text, context, pool=0, **selected, **mechanism) for text in texts]
    first, second, how = align_maps(*maps)
    if "dropped" in first.meta:
        warn(f"texts differ; {how}", AttnvizWarning, stacklevel=3)
    first_name, second_name = name_texts(*texts)
    subject = str(first.meta.get("variant") or first.meta["model"])
    joined = join_maps(
        {first_name: first, second_name: second},
        subject,
        "each sentence",
        how,
        differences=differences,
    )
    return replace(joined, meta={**joined.meta, "other_text": texts[1]})


def name_texts(first: str, second: str) -> tuple[str, str]:
    """Short names of two texts, for titles and headings.

    >>> name_texts("The cat sat", "The dog sat")
    ('The cat sat', 'The dog sat')
    """
    first, second = (
        text if len(text) <= MAX_NAME else text[: MAX_NAME - 1] + "…" for text in (first, second)
    )
    return (first, second) if first != second else (f"A: {first}", f"B: {second}")
