"""The catalogue of attention mechanisms: one row each, a file per family.

A row states only how it differs from the default (scaled dot product, softmax, no mask).
Families are imported one by one, those that quote the name first, until the row is found:
`--help` imports none. README.md in this folder is the whole catalogue as tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, ValuesView
from functools import cache, lru_cache
from importlib import import_module
from os.path import dirname

from attnviz.core.variant import Variant
from attnviz.errors import UnknownKeyError, UnknownNameError
from attnviz.lookup import names_of, normalize_name, read_source, unknown_name_message

FAMILIES = (
    "basics",
    "bahdanau_luong",
    "positions",
    "masks",
    "heads",
    "normalizers",
    "relative_positions",
    "scaling",
    "scores",
    "content_sparse",
    "linear",
    "recurrent",
    "state_updates",
    "query_free",
    "monotonic",
    "structured",
    "images",
    "graph",
    "layer_plans",
)

CLASSICS = (  # what a course on attention covers, in the order of the list in the terminal
    "scaled-dot",
    "multihead",
    "self",
    "cross",
    "causal",
    "additive",
    "grouped-query",
    "sliding-window",
    "rope",
    "alibi",
)

FOLDER = dirname(__file__)  # noqa: PTH120 (pathlib would take half of the time of a lookup)
SUFFIXES = ("attention", "self-attention")  # that a name may carry: linear-attention is linear


class Catalogue(Mapping[str, Variant]):
    """All rows by name; families are imported during iteration, plug-ins of other packages last.

    A row is also found by its aliases and its other spellings, as in options.

    >>> VARIANTS["causal"].summary
    'causal mask: a token attends to itself and earlier tokens'
    >>> "sdpa" in VARIANTS, "casual" in VARIANTS
    (True, False)
    """

    def __getitem__(self, name: str) -> Variant:
        if not isinstance(name, str):
            raise UnknownKeyError(f"{name!r:.60} is no name of a variant")
        try:
            return find_variant(name)
        except UnknownNameError as error:
            raise UnknownKeyError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return (row.name for row in iterate_rows(FAMILIES))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def values(self) -> ValuesView[Variant]:
        """The rows, in the order of the catalogue."""
        return Rows(self)

    def __repr__(self) -> str:
        """The number of mechanisms, and the classics with what they do."""
        width = max(map(len, CLASSICS))
        lines = [f"{name:<{width}}  {self[name].summary}" for name in CLASSICS]
        first = f"<{len(self)} variants of attention by name, among them"
        return "\n".join([first, *lines, f"{'…':<{width}}  list(attnviz.VARIANTS)>"])


class Rows(ValuesView[Variant]):
    """The rows of the catalogue, read one after the other."""

    def __iter__(self) -> Iterator[Variant]:
        return iterate_rows(FAMILIES)


VARIANTS = Catalogue()


def find_variant(name: str) -> Variant:
    """The row with this name or alias; "X-attention" and "Xattention" also find the row X.

    Case does not matter, nor whether words are joined by hyphen, underscore or space.
    Raises UnknownNameError with the nearest names.
    """
    wanted = "-".join(normalize_name(name).split())
    for candidate in (wanted, *strip_suffixes(wanted)):
        row = find_own_row(candidate) or find_row(load_plugins(), candidate)
        if row is not None:
            return row
    rows = tuple(iterate_rows(FAMILIES))
    names = dict.fromkeys((*CLASSICS, *(row.name for row in rows)))
    aliases = [alias for row in rows for alias in row.aliases]
    search = "search with: attnviz variants WORD"
    message = unknown_name_message(name, names, "variant", search, aliases)
    several = [word.strip() for word in name.split(",")]
    if len(several) > 1 and all(word in VARIANTS for word in several):
        message = f"unknown variant {name!r}: it is several; attnviz compare takes " + " ".join(
            f"-v {word}" for word in several
        )
    raise UnknownNameError(message)


@lru_cache(1024)
def find_own_row(name: str) -> Variant | None:
    """The row of our own with this name or alias, from the families that quote it first."""
    return next(
        (
            row
            for family in families_by_quote(name)
            if (row := find_row(load_family(family), name)) is not None
        ),
        None,
    )


def find_row(rows: Iterable[Variant], name: str) -> Variant | None:
    """The row with this name or alias, which are compared in their normalized spelling."""
    return next((row for row in rows if name in map(normalize_name, names_of(row))), None)


def families_by_quote(name: str) -> Iterator[str]:
    """All families: first those whose sources quote a name, each before the next is read."""
    others = []
    for family in FAMILIES:
        if quotes_name(family, name):
            yield family
        else:
            others.append(family)
    yield from others


def load_family(family: str) -> tuple[Variant, ...]:
    """The rows of a family, which is imported."""
    rows: tuple[Variant, ...] = import_module(f"{__name__}.{family}").ROWS
    return rows


def search_variants(word: str) -> list[Variant]:
    """The rows whose name, alias, group or summary contains a word; none for an empty word."""
    wanted = normalize_name(word)
    return [
        row
        for row in iterate_rows(FAMILIES)
        if wanted
        and any(
            wanted in normalize_name(text) for text in (*names_of(row), row.group, row.summary)
        )
    ]


def iterate_rows(families: tuple[str, ...] | list[str]) -> Iterator[Variant]:
    """The rows of these families, each imported when it is reached, then those of plug-ins."""
    for family in families:
        yield from load_family(family)
    yield from load_plugins()


def load_plugins() -> tuple[Variant, ...]:
    """The rows of other packages."""
    from attnviz.core.variants import plugins

    return plugins.load_plugins()


def quotes_name(family: str, name: str) -> bool:
    """Whether the source of a family quotes this name; False where there is no source to read.

    It orders the search only: reading the sources costs less than importing one family.
    """
    return f'"{name}"'.encode(errors="replace") in family_source(family)


@cache
def family_source(family: str) -> bytes:
    """The source of a family, read once, since many lookups need it; empty if there is none."""
    return read_source(f"{FOLDER}/{family}.py")


def strip_suffixes(name: str) -> Iterator[str]:
    """What is left of a name without a suffix such as "-attention".

    >>> list(strip_suffixes("causal-self-attention"))
    ['causal-self', 'causal']
    """
    for suffix in SUFFIXES:
        stem = name.removesuffix(suffix)
        if stem != name and stem.rstrip("-"):
            yield stem.rstrip("-")
