"""Templates of post-processors: the tokens that they add to those of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from attnviz.errors import InvalidInputError

MAX_REPEATS = 4  # times that the tokens of a text may occur in the result
MAX_ADDED = 256  # special tokens that may be added


class TemplateSize(NamedTuple):
    """Size of a template: tokens that it adds, and how often it repeats those of a text."""

    n_added: int
    n_repeat: int


def check_templates(steps: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Raise InvalidInputError, with the path, for templates of post-processors out of bounds.

    Those of a sequence add up.
    """
    n_added, n_repeat = 0, 1
    for path, document in steps:
        lengths = special_lengths(document.get("special_tokens"), path)
        for key in ("single", "pair"):
            size = template_size(document.get(key), lengths)
            n_added, n_repeat = n_added + size.n_added, n_repeat * size.n_repeat
            if n_added > 2 * MAX_ADDED or n_repeat > MAX_REPEATS:
                raise InvalidInputError(
                    f"{path}.{key} adds {size.n_added:,} tokens and repeats those of the text "
                    f"{size.n_repeat:,} times; at most {MAX_ADDED} and {MAX_REPEATS} are allowed"
                )


def template_size(pieces: Any, lengths: Mapping[str, int]) -> TemplateSize:
    """The size of one template; `lengths` are numbers of ids of its special tokens."""
    added, texts = 0, Counter[str]()
    for piece in pieces if isinstance(pieces, list) else ():
        for kind, value in piece.items() if isinstance(piece, dict) else ():
            name = str(value.get("id")) if isinstance(value, dict) else ""
            if kind == "Sequence":
                texts[name] += 1
            else:
                added += lengths.get(name, 1)
    return TemplateSize(added, max(texts.values(), default=1))


def special_lengths(special_tokens: Any, path: str) -> dict[str, int]:
    """Number of ids of each special token; each id has a token."""
    result: dict[str, int] = {}
    for name, entry in special_tokens.items() if isinstance(special_tokens, dict) else ():
        ids, tokens = (
            entry.get(key) if isinstance(entry, dict) else None for key in ("ids", "tokens")
        )
        if not isinstance(ids, list) or not isinstance(tokens, list) or len(ids) != len(tokens):
            raise InvalidInputError(
                f"{path}.special_tokens[{name[:40]!r}]: ids and tokens should be lists of "
                "the same length"
            )
        result[name] = len(ids)
    return result
