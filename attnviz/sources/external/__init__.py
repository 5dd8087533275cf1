"""Attention that others made: their files, and the arrays that are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.selection import Wish

Words = Sequence[str | Token]
Naming = Words | tuple[Words, Words] | Callable[[list[int]], Words]


def read(
    source: Any,
    tokens: Naming | None = None,
    *,
    axes: str | None = None,
    which: str | int | None = None,
) -> AttentionMap:
    """Attention from a file or from arrays of any library.

    What had to be guessed is said in meta["guessed"], a list of sentences.

    Args:
        source: a path, the bytes of a file, a binary stream, or arrays: one of shape
            [query, key], [head, query, key], [layer, head, query, key] or
            [layer, batch, head, query, key]; a tuple with one for each layer; a model's
            outputs or cache.
        tokens: the tokens, or those of the queries and those of the keys, or a function that
            makes tokens of the `input_ids` that came along.
        axes: what the axes of bare arrays are, where that is not so: a letter each of "lbhqk".
        which: the name of one attention among several ("cross"), the number of one sequence
            ("2"), or both ("cross:2").

    Raises:
        InvalidInputError: what was found is not attention, or does not fit the tokens.
        MisuseError: `axes` or `which` do not fit what was found.
        CouldNotError: the file cannot be read.

    >>> read([[0.5, 0.5], [0.25, 0.75]], ["a", "b"]).weights.shape
    (1, 1, 2, 2)
    """
    wish = Wish.of(which, axes)
    if is_file(source):
        from attnviz.sources.external.safe_read import taken

        with blamed(source):
            return of_bytes(taken(source), tokens, wish)
    from attnviz.sources.external.arrays import from_arrays
    from attnviz.sources.external.assemble import assemble

    return assemble(from_arrays(source, wish), tokens, wish, producer="arrays")


def read_each(
    source: Any,
    tokens: Naming | None = None,
    *,
    axes: str | None = None,
    which: str | int | None = None,
) -> Iterator[AttentionMap]:
    """Every map of a file: each document of JSON Lines, of anything else the one there is.

    The arguments are those of `read`; with `which` there is one map.
    """
    from attnviz.sources.external.safe_read import taken

    wish = Wish.of(which, axes)
    with blamed(source):
        data = taken(source)
        if which is not None or not is_lines(data):
            yield of_bytes(data, tokens, wish)
            return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            with blamed(source, f"line {number}: "):
                yield of_bytes(line, tokens, wish)


def of_bytes(data: bytes, tokens: Naming | None, wish: Wish) -> AttentionMap:
    """The map that the bytes of a file hold."""
    from attnviz.sources.external.assemble import assemble
    from attnviz.sources.external.readers import reader_of

    reader = reader_of(data)
    return assemble(reader.read(data, wish), tokens, wish, producer=reader.name)


def is_file(source: Any) -> bool:
    """Whether it is a file in some form, and no arrays."""
    return isinstance(source, str | PathLike | bytes | bytearray | memoryview) or (
        hasattr(source, "read") and not hasattr(source, "shape")
    )


def is_lines(data: bytes) -> bool:
    """Whether these are our documents, each on a line."""
    from attnviz.sources.external.readers import reader_of

    first, _, more = data.partition(b"\n")
    return bool(more.strip()) and first.rstrip().endswith(b"}") and reader_of(first).name == "json"


@contextmanager
def blamed(source: Any, where: str = "") -> Iterator[None]:
    """Say of which file, and where in it, something is not as it should be."""
    called = f"{Path(source).name!r}: " if isinstance(source, str | PathLike) else ""
    try:
        yield
    except InvalidInputError as error:
        raise type(error)(f"{called}{where}{error}") from error
