"""Attention from files and arrays of other programs, and from attnviz's own files."""

from __future__ import annotations

import json as standard
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.argument_types import abbreviate
from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import FORMAT
from attnviz.core.tokens import Token
from attnviz.errors import CouldNotError, InvalidInputError, UnknownParameterError
from attnviz.sources.external.read_arguments import check_arguments
from attnviz.sources.external.selection import Selection

TABLES = ("csv", "tsv", "parquet")  # readers of long tables, whose attention has no name
if TYPE_CHECKING:
    from attnviz.core.masks import Mask

TokenSequence = Sequence[str | Token]
TokenArgument = (
    TokenSequence
    | tuple[TokenSequence | None, TokenSequence | None]
    | Callable[[list[int]], TokenSequence]
)


def read(
    source: Any,
    tokens: TokenArgument | None = None,
    *,
    axes: str | None = None,
    which: str | int | None = None,
    attention_mask: Any = None,
    mask: str | Mask | None = None,
    softmax: bool = False,
    trim_padding: bool = False,
    document_end: str | None = None,
    layout: str | None = None,
    key_times: float | None = None,
) -> AttentionMap:
    """Read attention from a file or from arrays of any library.

    The format of a file is recognized by its content. Assumptions that had to be made (axis
    order, batch item, tokens) are listed in meta["guessed"], one sentence each; a GuessWarning
    states those about axes and about which tokens are the queries.

    Args:
        source: a path, the bytes of a file, a binary stream, or arrays: one of shape
            [query, key], [head, query, key], [layer, head, query, key] or
            [layer, batch, head, query, key]; a tuple with one array per layer; a model's
            outputs or cache; or the dict of `AttentionMap.to_dict`.
        tokens: the tokens; a pair of query tokens and key tokens, None for a side that keeps its
            own; or a function that decodes the `input_ids` of the source into tokens.
        axes: the axis order of a plain array, if it is another: one letter per axis, of
            "lbhqk" (layer, batch, head, query, key).
        which: the name of one attention of several ("cross"), the index of a batch item
            ("2"), or both ("cross:2").
        attention_mask: the flags of the tokens, 1 for a token and 0 for padding, if the source
            has none or others; or of pairs, as models accept them.
        mask: a mask expression such as "causal & window(4)", whose excluded pairs are masked.
        softmax: the values are scores; weights are their softmax over visible keys.
        trim_padding: leave out padding at the ends of the sequence.
        document_end: the token that ends each of several texts packed into the sequence; they
            become segments, for masks such as "same-document".
        layout: "band" if the keys are offsets from the query, as Longformer returns them; "full"
            if they are tokens. None: by names, shape and zeros.
        key_times: the seconds between two keys that are frames, as of Whisper (0.02).

    Returns:
        The attention map.

    Raises:
        InvalidInputError: the source holds no attention, or the tokens do not fit it.
        MisuseError: `axes`, `which`, `softmax` or a mask does not fit the source.
        CouldNotError: the file cannot be read.

    >>> read([[0.5, 0.5], [0.25, 0.75]], ["a", "b"]).weights.shape
    (1, 1, 2, 2)
    """
    from attnviz.sources.external.guesses import warn_of_readings

    others: dict[str, Any] = {
        "mask": mask,
        "attention_mask": attention_mask,
        "softmax": softmax,
        "trim_padding": trim_padding,
        "document_end": document_end,
        "layout": layout,
        "key_times": key_times,
    }
    check_arguments(axes, **others)
    if isinstance(source, AttentionMap):
        raise UnknownParameterError(f"source={source!r} is a map already")
    if isinstance(source, Mapping) and source.get("format") == FORMAT:
        source = standard.dumps(source).encode()  # a document of `AttentionMap.to_dict`
    selection = Selection.parse(which, axes, **others)
    if is_file(source):
        from attnviz.sources.safe_read import read_bytes

        with name_source_in_errors(source):
            amap = read_map(read_bytes(source), tokens, selection)
    else:
        from attnviz.sources.external.arrays import from_arrays
        from attnviz.sources.external.assemble import assemble
        from attnviz.sources.safe_read import machine_budget

        raw = from_arrays(source, selection, budget=machine_budget())
        amap = assemble(raw, tokens, selection, producer="arrays")
    warn_of_readings(amap.meta.get("guessed", ()))
    return amap


load = read  # the counterpart of `AttentionMap.save`


def read_each(
    source: Any,
    tokens: TokenArgument | None = None,
    *,
    axes: str | None = None,
    which: str | int | None = None,
    **others: Any,
) -> Iterator[AttentionMap]:
    """Iterate over the maps of a file: one per text of a file with several, else a single one.

    Several texts are in JSON Lines, JSON lists of objects, and tables with a column `id`; the id
    is meta["id"].

    Args:
        source: a path, the bytes of a file or a binary stream.
        tokens: the tokens of all maps, as for `read`.
        axes: the axis order of a plain array, as for `read`.
        which: one text, by its id or number, or one attention, as for `read`.
        others: further arguments of `read`.

    Returns:
        An iterator over the maps, each read when the iterator gets to it.

    Raises:
        InvalidInputError: a text has no attention, or the tokens do not fit it.
        MisuseError: `axes` or `which` do not fit the source.
        CouldNotError: the file cannot be read.

    >>> table = b"id,query_token,key_token,weight\\nx,a,a,1\\ny,b,b,1\\n"
    >>> [amap.meta["id"] for amap in read_each(table)]
    ['x', 'y']
    """
    from attnviz.sources.external.items import split_items
    from attnviz.sources.external.readers import find_reader
    from attnviz.sources.safe_read import read_bytes

    check_arguments(axes, **others)
    if not is_file(source):
        raise UnknownParameterError(
            f"source={abbreviate(source)} should be a path, bytes or a binary stream; read takes "
            "arrays too"
        )
    selection = Selection.parse(which, axes, **others)
    with name_source_in_errors(source):
        data = read_bytes(source)
        items = None if which is not None else split_items(find_reader(data).name, data)
        amap = read_map(data, tokens, selection) if items is None else None
        del data  # not held while the map is used
    if amap is not None:
        yield amap
        return
    assert items is not None
    while True:
        with name_source_in_errors(source):
            item = next(items, None)
        if item is None:
            return
        with name_source_in_errors(source, item.where):
            amap = read_single(item.data, tokens, selection, item.id)
        yield amap


def read_map(data: bytes, tokens: TokenArgument | None, selection: Selection) -> AttentionMap:
    """The map in the bytes of a file; of several texts, the selected one."""
    from attnviz.sources.external.items import choose_item, split_items
    from attnviz.sources.external.readers import find_reader

    reader = find_reader(data)
    items = None if reader.name == "json" else split_items(reader.name, data)
    if items is None:
        return read_single(data, tokens, selection)
    item, rest, guesses = choose_item(list(items), selection, is_table=reader.name in TABLES)
    amap = read_single(item.data, tokens, rest, item.id)
    stated = [*guesses, *amap.meta.get("guessed", ())]
    return replace(amap, meta={**amap.meta, "guessed": stated}) if guesses else amap


def read_single(
    data: bytes, tokens: TokenArgument | None, selection: Selection, id: str | None = None
) -> AttentionMap:
    """The map of one text; `id` is its name in a file with several."""
    from attnviz.sources.external.assemble import assemble
    from attnviz.sources.external.readers import find_reader

    reader = find_reader(data)
    try:
        amap = assemble(reader.read(data, selection), tokens, selection, producer=reader.name)
    except RecursionError:
        raise InvalidInputError("its values are nested too deeply") from None
    return amap if id is None else replace(amap, meta={**amap.meta, "id": id})


def is_file(source: Any) -> bool:
    """Whether a source is a path, bytes or a stream, not arrays."""
    return isinstance(source, str | PathLike | bytes | bytearray | memoryview) or (
        hasattr(source, "read") and not hasattr(source, "shape")
    )


@contextmanager
def name_source_in_errors(source: Any, where: str = "") -> Iterator[None]:
    """Prefix the message of an InvalidInputError with the file name and `where` in the file."""
    name = f"{Path(source).name!r}: " if isinstance(source, str | PathLike) else ""
    try:
        yield
    except InvalidInputError as error:
        raise type(error)(f"{name}{where}{error}") from error
    except MemoryError:
        reason = "there is not enough memory to read it; save fewer layers, heads or tokens"
        raise CouldNotError(f"{name}{where}{reason}") from None
