"""Files and arrays with queries and keys, and maps that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import FORMAT
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import is_array
from attnviz.sources.external.vectors import QueriesKeys, from_named_vectors, has_vectors

LIST_NAMES = ("query", "key", "value")  # of a tuple of arrays, in this order
NO_VECTORS = (
    "weights without the queries and keys that they are computed from; save these too "
    "(numpy.savez(file, query=q, key=k); in attnviz, --with-qk), or show the weights: "
    "`attnviz render FILE`"
)


def read_vectors(
    source: Any, selection: Selection, tokens: Any = None, n_head: int | None = None
) -> QueriesKeys:
    """The queries and keys of one sequence in a file, in arrays, or in a map.

    Args:
        source: a path or a binary stream; a mapping of names to arrays; a tuple of query,
            key and perhaps value; or a map with vectors.
        selection: which attention and which batch item, and the order of the axes.
        tokens: as for `attnviz.read`.
        n_head: the number of heads of arrays that hold all heads side by side.

    Raises InvalidInputError for a source without queries and keys.
    """
    from attnviz.sources.external import is_file, name_source_in_errors, read_map
    from attnviz.sources.safe_read import read_bytes

    if isinstance(source, AttentionMap):
        return from_map(source)
    if not is_file(source):
        return from_arrays(source, selection, tokens, n_head)
    with name_source_in_errors(source):
        data = read_bytes(source)
        named = named_arrays(data)
        if named is not None and has_vectors(named):
            return from_named_vectors(named, selection, tokens, n_head)
        try:
            amap = read_map(data, tokens, selection)
        except InvalidInputError:
            if named is None:
                raise
            return from_named_vectors(named, selection)  # states what is missing
        if n_head is not None:
            raise MisuseError("--heads has no effect: the map in the file states its heads")
        return from_map(amap)


def named_arrays(data: bytes) -> dict[str, Any] | None:
    """The named arrays of a file of another program; None for a file without names."""
    from attnviz.sources.external.array_files import load_tensors, read_members
    from attnviz.sources.external.readers import find_reader
    from attnviz.sources.safe_read import decode_text
    from attnviz.sources.strict_json import parse_json

    kind = find_reader(data).name
    if kind == "npz":
        arrays = read_members(data)
        return None if "document" in arrays else arrays
    if kind == "safetensors":
        tensors, document = load_tensors(data)
        return tensors if document is None else None
    if kind == "plain-json":
        value = parse_json(decode_text(data))
        return value if isinstance(value, dict) else None
    return None


def from_arrays(source: Any, selection: Selection, tokens: Any, n_head: int | None) -> QueriesKeys:
    """The queries and keys in a mapping, or in a tuple of query, key and perhaps value."""
    if isinstance(source, Mapping) and source.get("format") == FORMAT:
        from attnviz.sources.external import read

        return from_map(read(source))
    if isinstance(source, tuple) and all(map(is_array, source)):
        if not 2 <= len(source) <= len(LIST_NAMES):
            raise MisuseError(f"a tuple of {len(source)} arrays should be (query, key[, value])")
        source = dict(zip(LIST_NAMES, source, strict=False))
    if not isinstance(source, Mapping):
        raise MisuseError(
            f"a source of type {type(source).__name__} should be a file, a mapping of names to "
            "arrays, or a tuple (query, key[, value])"
        )
    named = {str(name): value for name, value in source.items()}
    return from_named_vectors(named, selection, tokens, n_head)


def from_map(amap: AttentionMap) -> QueriesKeys:
    """The queries, keys, mask and weights of a map.

    Raises InvalidInputError for a map without vectors, or with those of other cells.
    """
    query, key = amap.query_vectors, amap.key_vectors
    if query is None or key is None:
        raise InvalidInputError(NO_VECTORS)
    if divmod(query.shape[1], key.shape[1])[1] or query.shape[-1] != key.shape[-1]:
        raise InvalidInputError(
            f"its queries {query.shape} and keys {key.shape} have other heads or dimensions: "
            "weights are no products of them"
        )
    visible = None
    if amap.visible is not None:
        if len(amap.visible) > 1 and (amap.visible != amap.visible[:1]).any():
            raise InvalidInputError("its layers have different masks; explain a file of one layer")
        visible = amap.visible[0]
    return QueriesKeys(
        query=list(query),
        key=list(key),
        value=None,
        queries=amap.queries,
        keys=amap.keys,
        layers=amap.layers,
        heads=amap.heads,
        names={"query": "query_vectors", "key": "key_vectors"},
        weights=amap.weights,
        visible=visible,
        guesses=tuple(amap.meta.get("guessed", ())),
        meta={**amap.meta},
    )
