"""Writes head reports: tables, data formats and figures."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from attnviz.api.atomic_file import write_file
from attnviz.cli.environment import Environment
from attnviz.cli.output.file_per_map import confirm
from attnviz.cli.output.filename_template import is_template
from attnviz.cli.output.render import render_text
from attnviz.cli.output.target import Target
from attnviz.errors import MisuseError
from attnviz.render.head_report import HeadReport
from attnviz.render.style import Style

# The function of each format, below attnviz.render; the table is a renderable.
WRITERS: Mapping[str, str] = {
    "table": "reports.terminal_heads:HeadsTable",
    "csv": "data.csv_heads:csv_heads",
    "tsv": "data.csv_heads:tsv_heads",
    "json": "reports.json_heads:heads_document",
    "jsonl": "reports.json_heads:heads_document",
    "parquet": "data.parquet_heads:parquet_heads",
    **dict.fromkeys(
        ("png", "svg", "pdf", "eps", "jpg", "webp"), "figure.head_measures:heads_image"
    ),
}
HOLD_MANY = ("table", "json", "jsonl")


def check_targets(
    targets: list[Target], subject: str = "heads", more_formats: Sequence[str] = ()
) -> None:
    """Raise MisuseError for a format that has no form for heads, and for file name templates."""
    names = (*WRITERS, *more_formats)
    for target in targets:
        if target.format.name not in names:
            raise MisuseError(
                f"{subject} cannot be written as {target.format.name}; choose from: "
                f"{', '.join(names)}"
            )
        if target.path is not None and is_template(target.path):
            raise MisuseError(f"{target.path!r}: {subject} are written to one file, without {{…}}")


def refuse_lines_of_mean(targets: list[Target], lines_from: str = "") -> None:
    """Raise MisuseError for JSON Lines of a mean over texts, which is one document.

    `lines_from` is a command that writes a line per text, if there is one.
    """
    for target in targets:
        if target.format.name == "jsonl":
            name = str(Path(target.path).with_suffix(".json")) if target.path else ""
            remedy = f"-o {shlex.quote(name)}" if name else "-f json"
            raise MisuseError(
                f"the mean over several texts is one JSON document, not JSON Lines: {remedy}"
                + (f"; a line per text: {lines_from}" if lines_from else "")
            )


def write_reports(
    env: Environment,
    targets: list[Target],
    reports: Iterable[tuple[HeadReport, str]],
    style: Style,
    adapt: Callable[[HeadReport, Target], HeadReport] = lambda report, target: report,
) -> None:
    """Write each report, with the heading of its table, to each target.

    `adapt` is applied to a report before it is rendered for a target.
    Raises MisuseError where a format holds one report and there are several.
    """
    remaining = iter(reports)
    first = list(islice(remaining, 2))
    if len(first) > 1:
        for target in targets:
            if target.format.name not in HOLD_MANY:
                raise MisuseError(
                    f"several sentences, but a {target.format.name} file holds one table of "
                    "heads; give them as --input for their mean, or write JSON Lines: -f jsonl"
                )
    files: dict[str, list[bytes]] = {}
    for report, heading in chain(first, remaining):
        for target in targets:
            data = render_report(env, target, adapt(report, target), style)
            if target.format.name == "table":
                data = heading.encode(env.encoding, errors="backslashreplace") + data
            if target.path is None:
                env.write(data)
            else:
                files.setdefault(target.path, []).append(data)
    for path, parts in files.items():  # all are rendered before the first is written
        write_file(path, b"".join(parts))
        confirm(env, path)


def render_report(env: Environment, target: Target, report: HeadReport, style: Style) -> bytes:
    """One report in the format of a target; the page is that of its map."""
    if target.format.kind == "page":
        return render_page(env, target, report, style)
    module, name = WRITERS[target.format.name].split(":")
    render: Any = getattr(import_module(f"attnviz.render.{module}"), name)
    if target.format.name == "table":
        return render_text(env, render(report, env.ascii), plain=target.path is not None)
    is_figure = target.format.kind == "figure"
    data: bytes = render(report, style, target.format.name) if is_figure else render(report)
    return data


def render_page(env: Environment, target: Target, report: HeadReport, style: Style) -> bytes:
    """The page of the map of a report."""
    from attnviz.api.writer_memory import check_writer_memory
    from attnviz.cli.output.style import complete_style

    assert report.amap is not None
    check_writer_memory(report.amap, target.format)
    completed = complete_style(env, style, report.amap, None)
    return b"".join(target.format.chunks(report.amap, completed))
