"""Output of an explanation: to files by extension, as JSON, or as text on standard output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attnviz.api.atomic_file import write_file
from attnviz.cli.environment import Environment, file_id
from attnviz.cli.options.effects import is_typed
from attnviz.cli.output.render import render_text
from attnviz.cli.output.target import option_files, real_path
from attnviz.core.explain.explanation import Explanation
from attnviz.errors import MisuseError
from attnviz.render.reports.explanation_files import Writer, as_json, find_writer
from attnviz.style_options import check_range


def choose_writer(
    ctx: Any, env: Environment, words: Sequence[str], options: Mapping[str, Any], *, json: bool
) -> Callable[[Explanation, str], None]:
    """The function that writes an explanation after its heading: to files, or standard output.

    Raises MisuseError for an output that is also the file of an argument or of an option.
    """
    inputs = {*map(file_id, words), *option_files(options)} - {None}
    for path in options["files"]:
        if file_id(path) in inputs:
            raise MisuseError(f"{path!r} is also the input; write to another file")
    writers = check_files({**options, "ctx": ctx}, json=json)
    digits = check_range("precision", options["precision"]) or 0

    def write(explanation: Explanation, heading: str) -> None:
        if writers:
            files = {path: writer(explanation, digits) for path, writer in writers.items()}
            for path, data in files.items():  # all are rendered before the first is written
                write_file(path, data)
        elif json:
            from attnviz.render.reports.json_explanation import explanation_document

            env.write(explanation_document(explanation))
        else:
            from attnviz.render.reports.terminal_steps import ExplanationSteps

            env.write_text(heading)
            env.write(render_text(env, ExplanationSteps(explanation, digits, ascii=env.ascii)))

    return write


def check_files(options: Mapping[str, Any], *, json: bool) -> dict[str, Writer]:
    """The writer for each file of --output.

    Raises MisuseError for another extension, for the same file twice, and for options that do
    not act on files.
    """
    files = options["files"]
    writers = {path: find_writer(path) for path in files}
    if files and json:
        raise MisuseError("--json cannot be combined with --output; use -o FILE.json")
    if len({real_path(path) for path in files}) < len(files):
        raise MisuseError("--output: the same file is given twice")
    if files and options["color"] != "auto":
        raise MisuseError("--color has no effect on files; it acts on standard output")
    has_digits = is_typed(options["ctx"], "precision")
    if has_digits and files and all(writer is as_json for writer in writers.values()):
        raise MisuseError("--precision has no effect on json")
    return writers
