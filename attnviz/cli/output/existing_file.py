"""Existing file: whether a file of an earlier run fits the run that is resumed."""

from __future__ import annotations

from pathlib import Path

from attnviz.errors import CouldNotError, MisuseError

HEAD_BYTES = 1 << 21  # longer than the longest sentence, in JSON


def require_same_text(path: str, text: str) -> None:
    """Raise MisuseError for a JSON document of another sentence; other formats state none."""
    from attnviz.cli.output.earlier_run import MAP_PREFIX, parse_text

    try:
        with Path(path).open("rb") as file:
            head = file.read(len(MAP_PREFIX))
            if head != MAP_PREFIX:
                return
            recorded = parse_text(head + file.readline(HEAD_BYTES))
    except OSError as error:
        raise CouldNotError(f"cannot read {path!r}: {error.strerror}") from None
    if recorded is not None and recorded != text:
        raise MisuseError(
            f"cannot resume: {path!r} is of another sentence; use another folder or remove it"
        )


def require_same_bytes(path: str, data: bytes) -> None:
    """Raise MisuseError where a file does not hold these bytes."""
    try:
        is_same = Path(path).stat().st_size == len(data) and Path(path).read_bytes() == data
    except OSError as error:
        raise CouldNotError(f"cannot read {path!r}: {error.strerror}") from None
    if not is_same:
        raise MisuseError(
            f"cannot resume: {path!r} is not what this run would write; use the options that it "
            "was written with, another folder, or remove it"
        )
