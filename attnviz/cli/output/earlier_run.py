"""Earlier run: what a JSON Lines file holds that `--resume` continues, and whether it fits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attnviz.cli.options.request import REQUEST, describe_difference
from attnviz.errors import MisuseError

MAP_PREFIX, ERROR_PREFIX = b'{"format":"attnviz"', b'{"line":'  # how records begin
TEXT_KEY = b'"text":'
# Metadata that differs from sentence to sentence, or that does not change the results.
NOT_COMPARED = frozenset((REQUEST, "id", "pooled", "dropped", "guessed", "numpy", "attnviz"))


class EarlierRun:
    """The records of an earlier run: their sentences, and the request that they come from."""

    def __init__(self, path: str, request: Mapping[str, Any]) -> None:
        self.path, self.request = path, request
        self.texts: list[int | None] = []  # a hash per record; None for an error
        self.has_errors = False
        self.last_map: bytes | None = None
        self.is_compared = False
        self.n_sentence = 0  # of the input, as far as it was read

    def read(self, lines: Iterable[bytes]) -> int:
        """Read the records; returns the end of the last complete line, in bytes.

        Raises MisuseError for a line that no run of attnviz has written, and for records of
        another request.
        """
        end = 0
        for line in lines:
            if not any(line.startswith(mark[: len(line)]) for mark in (MAP_PREFIX, ERROR_PREFIX)):
                raise self.refusal(f"line {len(self.texts) + 1} was not written by an earlier run")
            if not line.endswith(b"\n"):
                break
            end += len(line)
            is_error = line.startswith(ERROR_PREFIX)
            self.has_errors = self.has_errors or is_error
            self.texts.append(None if is_error else hash(self.text_of(line)))
            if not is_error:
                self.last_map = line
        self.check_recorded_request()
        return end

    def check_recorded_request(self) -> None:
        """Raise MisuseError where the records state another request than this run's.

        Records of old versions state none: `require_same_request` compares their metadata.
        """
        if self.last_map is None:
            return
        try:
            recorded = json.loads(self.last_map)["meta"].get(REQUEST)
            now = json.loads(json.dumps(self.request))
            difference = None if recorded is None else describe_difference(recorded, now)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self.refusal(f"line {len(self.texts)} is damaged") from None
        if difference is not None:
            raise self.refusal(f"{difference}; use the same options or another file")

    def text_of(self, line: bytes) -> str:
        """The sentence of a record, without parsing its weights."""
        text = parse_text(line)
        if text is None:
            raise self.refusal(f"line {len(self.texts) + 1} is damaged")
        return text

    def has(self, number: int, text: str) -> bool:
        """Whether record `number` exists; MisuseError where it is of another sentence."""
        self.n_sentence = max(self.n_sentence, number)
        if number > len(self.texts):
            return False
        recorded = self.texts[number - 1]
        if recorded is not None and recorded != hash(text):
            raise self.refusal(f"line {number} is of another sentence")
        return True

    def require_whole_input(self) -> None:
        """Raise MisuseError where the input has ended and the earlier run had more sentences."""
        if self.n_sentence < len(self.texts):
            raise self.refusal(
                f"it holds {len(self.texts):,} sentences, the input {self.n_sentence:,}; use the "
                "same input or another file"
            )

    def require_same_request(self, record: bytes) -> None:
        """Raise MisuseError where the first new record comes from another request."""
        if self.is_compared or self.last_map is None:
            return
        self.is_compared = True
        try:
            before, now = request_of(self.last_map), request_of(record)
        except (ValueError, KeyError, TypeError):
            raise self.refusal(f"line {len(self.texts)} is damaged") from None
        for key in [*before, *(key for key in now if key not in before)]:
            if before.get(key) != now.get(key):
                raise self.refusal(
                    f"it was written with {key} = {shorten(before.get(key))}, this run has "
                    f"{shorten(now.get(key))}; use the same options or another file"
                )

    def refusal(self, reason: str) -> MisuseError:
        """The error of a file that cannot be resumed."""
        return MisuseError(f"cannot resume {self.path!r}: {reason}")


def parse_text(record: bytes) -> str | None:
    """The sentence of a record, without parsing its weights; None where it cannot be read."""
    start = record.find(TEXT_KEY) + len(TEXT_KEY)
    try:
        text, _ = json.JSONDecoder().raw_decode(record[start:].decode())
    except ValueError:
        return None
    return str(text)


def request_of(record: bytes) -> dict[str, Any]:
    """What a record says of the request that it comes from: mechanism, model, options, format."""
    document: Mapping[str, Any] = json.loads(record)
    meta = {key: value for key, value in document["meta"].items() if key not in NOT_COMPARED}
    layout = {key: document.get(key) for key in ("format_version", "layers", "heads")}
    return {
        **meta,
        **{f"document {key}": value for key, value in layout.items()},
        "document keys": sorted(document),
    }


def shorten(value: Any) -> str:
    """A value of the metadata, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
