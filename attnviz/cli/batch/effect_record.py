"""The effects of each sentence of a corpus, kept in a file while it runs: `--resume` continues it.

The file has a line per sentence, like the results of a batch, and stands beside the report: for
effects.csv it is effects.csv.sentences.partial. It is removed once the report is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.api.atomic_file import is_special
from attnviz.api.head_effects import EFFECTS, HeadEffects
from attnviz.cli.environment import Environment
from attnviz.cli.options.request import REQUEST, parse_request
from attnviz.cli.output.earlier_run import ERROR_PREFIX, EarlierRun
from attnviz.cli.output.map_writers import AppendWriter, note_replaced, note_unfinished
from attnviz.cli.output.target import Target
from attnviz.core.arrays import Shape
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.render.data.json_document import to_json_value

if TYPE_CHECKING:
    from attnviz.sources.model.mean_outputs import MeanOutputs

ENDING = ".sentences"
FLOATS = {np.dtype(kind).str: np.dtype(kind) for kind in (np.float32, np.float64)}
MEASURES = {measure.name for measure in EFFECTS}


class EffectRecord:
    """The file with the effects of the sentences so far; `earlier` is what is resumed.

    Errors before the first result are not written: they may be those of every sentence.
    """

    def __init__(
        self, env: Environment, path: Path, request: Mapping[str, Any], *, resume: bool
    ) -> None:
        self.request = request
        self.earlier = EarlierRun(str(path), request) if resume else None
        self.writer = AppendWriter(env, path, True, self.earlier)
        self.n_earlier = 0 if self.earlier is None else len(self.earlier.texts)
        self.is_empty = self.n_earlier == 0
        self.shape: Shape | None = None  # [layer, head] of the earlier effects
        self.waiting: list[bytes] = []

    def read_earlier(self) -> Iterator[HeadEffects | None]:
        """The effects of each sentence of the run that is resumed; None for an invalid line."""
        if self.earlier is None:
            return
        for number, line in enumerate(self.writer.file.lines(), start=1):
            yield None if line.startswith(ERROR_PREFIX) else self.parse(line, number)

    def parse(self, line: bytes, number: int) -> HeadEffects:
        """The effects of a sentence; InvalidInputError for a line that holds none."""
        try:
            fields = json.loads(line)
            values = {
                name: np.array(value, dtype=FLOATS[dtype])
                for name, (dtype, value) in fields.pop("values").items()
            }
            shapes = {self.shape, *(value.shape for value in values.values())} - {None}
            if not values.keys() <= MEASURES or len(shapes) != 1:
                raise ValueError
            self.shape = shapes.pop()
            meta: Any = fields.pop("meta")
            meta.pop(REQUEST)
            return HeadEffects(values=values, meta=meta, **fields.pop("effects"))
        except (ValueError, TypeError, KeyError, AttributeError):
            path = str(self.writer.file.partial)
            raise InvalidInputError(
                f"cannot resume {path!r}: line {number} is damaged; remove the file"
            ) from None

    def has(self, number: int, text: str) -> bool:
        """Whether an earlier run has this sentence; MisuseError where it has another one."""
        return self.writer.has(number, None, text)

    def require_whole_input(self) -> None:
        """Raise MisuseError where the earlier run had more sentences than the input."""
        if self.earlier is not None:
            self.earlier.require_whole_input()

    def write(self, number: int, effects: HeadEffects) -> None:
        """Append the effects of a sentence, and the errors that waited for them."""
        for record in self.waiting:
            self.writer.write_error(record)
        self.waiting, self.is_empty = [], False
        values = {name: (a.dtype.str, a.tolist()) for name, a in effects.values.items()}
        names = "text", "prediction", "token", "replacement", "no_direct", "lens", "n_text"
        meta = {**effects.meta, REQUEST: self.request}
        document = {
            "format": "attnviz",
            "text": effects.text,
            "meta": meta,
            "values": values,
            "effects": {name: getattr(effects, name) for name in names},
        }
        text = json.dumps(to_json_value(document), separators=(",", ":"))
        self.writer.write(number, None, text.encode() + b"\n")

    def write_error(self, line: int, error: Exception) -> None:
        """Append the error of a line."""
        record = json.dumps({"line": line, "error": str(error)}, separators=(",", ":"))
        if self.is_empty:
            self.waiting.append(record.encode() + b"\n")
        else:
            self.writer.write_error(record.encode() + b"\n")

    def discard(self) -> None:
        """Remove the file: the report is written."""
        self.writer.file.discard()


def find_record_path(targets: list[Target], *, resume: bool) -> Path | None:
    """Where the record of a run stands; None where its report goes to no regular file.

    Raises MisuseError for a resumed run without such a file.
    """
    paths = [Path(target.path) for target in targets if target.path is not None]
    files = [path for path in paths if not is_special(path)]
    if resume and not files:
        raise MisuseError("--resume needs a file: -o effects.csv")
    return files[0].with_name(files[0].name + ENDING) if files else None


@contextmanager
def open_record(
    env: Environment,
    path: Path | None,
    options: Mapping[str, Any],
    replacement: str | MeanOutputs,
) -> Iterator[EffectRecord | None]:
    """The record of a run over a corpus; None without a path."""
    if path is None:
        yield None
        return
    record = EffectRecord(
        env, path, parse_effect_request(options, replacement), resume=options["resume"]
    )
    with closing(record.writer):
        if not options["resume"]:
            note_replaced(env, record.writer)
        try:
            yield record
        finally:
            note_unfinished(env, [record.writer])


def parse_effect_request(
    options: Mapping[str, Any], replacement: str | MeanOutputs
) -> dict[str, Any]:
    """The options that effects depend on; of mean outputs, a digest of their numbers."""
    request = parse_request(options)
    for name in ("replace", "token", "corpus"):
        if options[name] is not None:
            request[name] = options[name]
    if not isinstance(replacement, str):
        digest = blake2b(digest_size=8)
        for layer in replacement.layers:
            digest.update(np.ascontiguousarray(layer).tobytes())
        request["corpus"] = f"{options['corpus']} ({digest.hexdigest()})"
    return request
