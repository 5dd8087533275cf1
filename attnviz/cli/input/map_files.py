"""Attention maps from files given as arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from attnviz.api.map_request import MapRequest
from attnviz.cli.environment import Environment, FileId, file_id, stream_id
from attnviz.cli.input.sentences import require_stdin
from attnviz.cli.options.parse import parse_reductions
from attnviz.core.attention_map import AttentionMap
from attnviz.core.selection import HeadSelection
from attnviz.errors import MisuseError
from attnviz.sources.external import read_each
from attnviz.sources.external.mask_argument import parse_attention_mask


def read_maps(
    env: Environment,
    file: str,
    options: Mapping[str, Any],
    names: Any = None,
    mask: str | None = None,
) -> Iterator[AttentionMap]:
    """The maps of a file (`-`: standard input), with the selected and reduced layers, heads and
    tokens; `mask` is an expression over the pairs of the file.

    Guesses about the contents are written to standard error: a note with the name of the file,
    once for all maps that it is about.
    """
    name = "standard input" if file == "-" else PurePath(file).name
    known: set[str] = set()
    source: Any = require_stdin(env) if file == "-" else file
    selection = HeadSelection.parse(options.get("layer"), options.get("head"))
    tokens = options.get("queries"), options.get("keys")
    request = MapRequest.parse(
        selection, options.get("segments"), *tokens, None, parse_reductions(options)
    )
    flags = options["attention_mask"]
    maps = read_each(
        source,
        names,
        axes=options["axes"],
        which=options["which"],
        attention_mask=None if flags is None else parse_attention_mask(flags),
        mask=mask,
        softmax=options["softmax"],
        trim_padding=options["trim_padding"],
        document_end=options["document_end"],
        layout=options["layout"],
        key_times=options["key_times"],
    )
    for amap in maps:
        for guess in amap.meta.get("guessed", ()):
            if guess not in known:
                env.warn(f"note: {name}: {guess}")
                known.add(guess)
        layers, heads = selection.resolve(amap.layers, amap.heads)
        yield request.apply(amap.select(layers=layers, heads=heads))


def file_ids(env: Environment, *files: str) -> frozenset[FileId]:
    """The identities of the files that maps are read from, `-` being standard input."""
    ids = (stream_id(env.stdin) if file == "-" else file_id(file) for file in files)
    return frozenset(identity for identity in ids if identity is not None)


def require_one_pipe(*files: str) -> None:
    """Raise MisuseError where several files are standard input."""
    if files.count("-") > 1:
        raise MisuseError("standard input can be read once; give the others as files")


def name_files(files: list[str]) -> list[str]:
    """Short names of files: the last parts of their paths, as many as make them distinct."""
    for n in range(1, 1 + max(len(PurePath(file).parts) for file in files)):
        names = ["/".join(PurePath(file).parts[-n:]) for file in files]
        if len(set(names)) == len(names):
            return names
    raise MisuseError("the same file is given twice")


def zip_maps(*sides: Iterator[AttentionMap]) -> Iterator[tuple[AttentionMap, ...]]:
    """The maps of several files side by side.

    Raises MisuseError if one file has more than another, or if their ids differ.
    """
    try:
        for number, group in enumerate(zip(*sides, strict=True), start=1):
            ids = dict.fromkeys(amap.meta["id"] for amap in group if "id" in amap.meta)
            if len(ids) > 1:
                one, other, *_ = ids
                raise MisuseError(
                    f"map {number} has the id {one!r:.40} in one file and {other!r:.40} in "
                    "another; write all in the same order"
                )
            yield group
    except ValueError:
        raise MisuseError("one of the files holds more maps than the other") from None
