"""Bounds of the readers: the largest number is accepted, and the next one refused with both."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pytest

from attnviz.errors import AttnvizError
from attnviz.sources.checkpoint.pickle_reader import PickleReader
from attnviz.sources.checkpoint.torch_file import Storage, rebuild_tensor
from attnviz.sources.checkpoint.zip_members import zip_members
from attnviz.sources.external.alignment_fields import fill_pairs
from attnviz.sources.external.array_files import read_members
from attnviz.sources.external.assemble import check_sizes
from attnviz.sources.external.csv_table import BoundedLines, find_token_columns
from attnviz.sources.external.items import split_table
from attnviz.sources.external.long_table import MapHeads, check_indices
from attnviz.sources.external.nested_lists import from_lists
from attnviz.sources.external.parquet import check_footer
from attnviz.sources.external.token_columns import TokenColumn
from attnviz.sources.external.token_lists import check_count
from attnviz.sources.external.vectors import find_n_head
from attnviz.sources.external.wide_table import split_rows
from attnviz.sources.tokenizing.bpe_merges import all_merges
from attnviz.sources.tokenizing.limited_tokenizer import check_added, read_limits
from attnviz.sources.tokenizing.sentencepiece_model import Piece, check_pieces, read_piece
from attnviz.sources.tokenizing.special_tokens import FolderSettings
from attnviz.sources.tokenizing.tokenizer_growth import read_steps
from attnviz.sources.tokenizing.tokenizer_template import check_templates


class Bound(NamedTuple):
    """A constant of a module, set to `value` by the test; how n of it are read; the refusal.

    `{n}` in `message` stands for the number that is refused, `{most}` for the bound.
    """

    constant: str
    read: Callable[[int], object]
    message: str
    value: int = 4


def nested(n: int) -> list[object]:
    """n lists, one in the other."""
    return [0.5] if n == 1 else [nested(n - 1)]


def npz(n: int) -> bytes:
    """An archive of n arrays."""
    np.savez(file := BytesIO(), *[np.eye(2)] * n)
    return file.getvalue()


def stored_zip(n: int) -> tuple[BytesIO, np.ndarray]:
    """An uncompressed zip file of n members, and its bytes."""
    with zipfile.ZipFile(file := BytesIO(), "w") as archive:
        for i in range(n):
            archive.writestr(str(i), b"x")
    return file, np.frombuffer(file.getvalue(), np.uint8)


def axes_of(axis: int, n: int) -> tuple[int, ...]:
    """A shape of one size that is not 1."""
    return tuple(n if i == axis else 1 for i in range(5))


def template(n: int, kind: str) -> list[tuple[str, dict[str, object]]]:
    """A template with n pieces of a kind."""
    return [("post_processor", {"single": [{kind: {"id": "A"}}] * n})]


def added(n: int) -> list[dict[str, object]]:
    """Added tokens of n bytes together."""
    return [{"content": "é", "normalized": False}, {"content": "a" * (n - 2), "normalized": False}]


def pieces(n: int) -> list[Piece]:
    """Two pieces of n bytes together."""
    return [Piece("é", 0.0, 1), Piece("a" * (n - 2), 0.0, 1)]


def deep(n: int) -> dict[str, object]:
    """A normalizer within n sequences."""
    inner = {"type": "NFC"} if n == 0 else deep(n - 1)
    return {"type": "Sequence", "normalizers": [inner]} if n else inner


def split_by(pattern: str) -> dict[str, object]:
    """A pre-tokenizer that splits at a pattern."""
    return {"type": "Split", "pattern": {"Regex": pattern}}


def settings(**tables: object) -> FolderSettings:
    """The settings of a folder without files."""
    return FolderSettings(
        **({name: {} for name in ("config", "special", "added", "model")} | tables)
    )


def tokens_of(n: int) -> dict[str, str]:
    """n added tokens by id."""
    return {str(i): f"[{i}]" for i in range(n)}


def ids_of(n: int) -> dict[str, int]:
    """The ids of n added tokens."""
    return {f"[{i}]": i for i in range(n)}


EXTERNAL = [
    *(
        Bound(
            "external.assemble.LONGEST",
            lambda n, axis=axis: check_sizes(axes_of(axis, n)),
            "axis has size {n}; it should be from 1 to {most}",
        )
        for axis in range(5)
    ),
    Bound("external.nested_lists.MAX_DEPTH", lambda n: from_lists(nested(n), "x"), "than {most}"),
    Bound("external.array_files.MEMBERS", lambda n: read_members(npz(n)), r"{n} members .*{most}"),
    Bound(
        "external.csv_table.MAX_COLUMNS",
        lambda n: find_token_columns(["weight", "query", "key", *"abcdefgh"][:n]),
        "more than {most} columns",
    ),
    Bound(
        "external.items.MAX_COLUMNS",
        lambda n: list(split_table(f"id{',a' * (n - 1)}\nx{',1' * (n - 1)}\n".encode(), ",")),
        "more than {most} columns",
    ),
    Bound(
        "external.csv_table.MAX_LINE",
        lambda n: list(BoundedLines(b"x" * (n - 1) + b"\n")),
        "more than {most} characters",
    ),
    Bound(
        "external.wide_table.LONGEST",
        lambda n: list(split_rows("a,b\n" + "1,2\n" * n, ",")),
        "more than {most} rows",
    ),
    Bound("external.vectors.MAX_HEADS", lambda n: find_n_head({}, n, None), "{n} must .* {most}"),
    Bound(
        "external.vectors.MAX_HEADS",
        lambda n: find_n_head({"num_heads": n}, None, None),
        "of heads is {n}; it should be from 1 to {most}",
    ),
    Bound("external.alignment_fields.LONGEST", lambda n: fill_pairs([(n - 1, 0)]), "{n} × 1 "),
    Bound("external.alignment_fields.LONGEST", lambda n: fill_pairs([(0, n - 1)]), "1 × {n} "),
    Bound("external.alignment_fields.MAX_CELLS", lambda n: fill_pairs([(n - 1, 0)]), "{n} × 1 "),
    Bound("external.token_lists.LONGEST", lambda n: check_count(n, "x"), "{n} tokens; .*{most}"),
    Bound(
        "external.parquet.MAX_FOOTER",
        lambda n: check_footer(n.to_bytes(4, "little") + b"PAR1"),
        "has {n} bytes; at most {most}",
    ),
    Bound(
        "external.token_columns.LONGEST",
        lambda n: TokenColumn().encode(map(str, range(n))),
        "more than {most} tokens",
    ),
    Bound(
        "external.long_table.LONGEST",
        lambda n: MapHeads().encode("a" * n, range(n)),
        "more than {most} heads",
    ),
    Bound(
        "external.long_table.LONGEST",
        lambda n: check_indices(np.array([0, n - 1]), "key"),
        "column 'key' should hold indices from 0 to 3",
    ),
]
CHECKPOINT = [
    Bound(
        "checkpoint.zip_members.MAX_MEMBERS",
        lambda n: zip_members(*stored_zip(n)),
        "more than {most} members",
    ),
    Bound(
        "checkpoint.pickle_reader.MAX_INTEGER",
        lambda n: PickleReader(memoryview(bytes([0x8A, n, *[1] * n, 0x2E])), 0, {}, tuple).read(),
        "an integer of {n} bytes",
    ),
    Bound(
        "checkpoint.torch_file.MAX_RANK",
        lambda n: rebuild_tensor((Storage("0", "F32", 1), 0, (1,) * n, (1,) * n)),
        "the same length, at most 16",
    ),
    Bound(
        "checkpoint.torch_file.MAX_SIZE",
        lambda n: rebuild_tensor((Storage("0", "F32", 99), n, (1,), (1,))),
        "no storage, offset, shape or strides",
    ),
]
TOKENIZING = [
    Bound(
        "tokenizing.sentencepiece_model.MAX_PIECE",
        lambda n: read_piece(bytes([0x0A, n]) + b"a" * n, 7),
        "piece 7 has more than {most} bytes",
    ),
    Bound(
        "tokenizing.sentencepiece_model.MAX_PIECES",
        lambda n: check_pieces(pieces(n)),
        "have {n} bytes; at most {most}",
    ),
    Bound(
        "tokenizing.limited_tokenizer.MAX_PIECES",
        lambda n: check_added(added(n), read_limits({})),
        "contents of {n} bytes; at most {most}",
    ),
    Bound(
        "tokenizing.tokenizer_growth.MAX_STEPS",
        lambda n: read_steps("normalizer", {"normalizer": {"normalizers": [{}] * (n - 1)}}),
        "more than {most} steps",
    ),
    Bound(
        "tokenizing.tokenizer_growth.MAX_DEPTH",
        lambda n: read_steps("normalizer", {"normalizer": deep(n)}),
        "nested more than {most} deep",
    ),
    Bound(
        "tokenizing.tokenizer_growth.MAX_PATTERN",
        lambda n: read_steps("pre_tokenizer", {"pre_tokenizer": split_by("a" * n)}),
        "pattern is longer than {most} characters",
    ),
    Bound(
        "tokenizing.tokenizer_template.MAX_ADDED",
        lambda n: check_templates(template(2 * n - n % 2, "SpecialToken")),
        "adds 9 tokens and .* at most {most} and",
    ),
    Bound(
        "tokenizing.tokenizer_template.MAX_REPEATS",
        lambda n: check_templates(template(n, "Sequence")),
        "text {n} times; at most .* and {most} are",
    ),
    Bound(
        "tokenizing.special_tokens.MAX_ADDED",
        lambda n: list(settings(config={"added_tokens_decoder": tokens_of(n)}).added_ids()),
        "added_tokens_decoder should be",
    ),
    Bound(
        "tokenizing.special_tokens.MAX_ADDED",
        lambda n: list(settings(added=ids_of(n)).added_ids()),
        "added_tokens_decoder should be",
    ),
    Bound(
        "tokenizing.special_tokens.MAX_ADDED",
        lambda n: list(settings(config={"extra_special_tokens": ["a"] * n}).further_tokens()),
        "extra_special_tokens should be a list",
    ),
    Bound(
        "tokenizing.bpe_merges.MAX_LENGTH",
        lambda n: all_merges(["a" * n], ()),
        "may have {most} characters",
    ),
    Bound(
        "tokenizing.bpe_merges.MAX_CHARACTERS",
        lambda n: all_merges("abcdefgh"[:n], ()),
        "all {most}",
    ),
    Bound(
        "tokenizing.bpe_merges.MAX_MERGES",
        lambda n: all_merges(["a" * (n + 1)], {"a" * i for i in range(1, n + 1)}),
        "more than {most} merges",
    ),
]


@pytest.mark.parametrize("bound", [*EXTERNAL, *CHECKPOINT, *TOKENIZING], ids=lambda b: b.constant)
def test_the_bound_is_accepted_and_the_next_number_refused(bound, monkeypatch):
    monkeypatch.setattr(f"attnviz.sources.{bound.constant}", bound.value)
    for n in (bound.value - 1, bound.value):
        bound.read(n)
    message = bound.message.format(n=bound.value + 1, most=bound.value)
    with pytest.raises(AttnvizError, match=message):
        bound.read(bound.value + 1)
