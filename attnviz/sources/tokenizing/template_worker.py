"""Chat templates rendered with Jinja's sandbox; run as a script, in a limited process.

As a script it needs the standard library, `jinja2` and `markupsafe` only. Its arguments are the
folder of these packages and the bytes of memory that it may use, which are limited before
anything is read. It reads requests from standard input, a JSON object per line, and writes one
JSON line for each.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

MAX_PROMPT = 1 << 20  # characters of a rendered template


def compile_template(source: str, dates: list[str]) -> Any:
    """The template of a model, with the functions and filters that transformers defines.

    `dates` collects the formats of the date that it inserts.
    """
    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class GenerationTag(Extension):
        """{% generation %} … {% endgeneration %}, which marks what the assistant wrote."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.CallBlock(self.call_method("keep"), [], [], body).set_lineno(line)

        def keep(self, caller: Any) -> str:
            return str(caller())

    def raise_exception(message: str) -> None:
        raise jinja2.exceptions.TemplateError(message)

    def strftime_now(form: str) -> str:
        dates.append(form)
        return datetime.now().strftime(form)

    def to_json(value: Any, ensure_ascii: bool = False, **settings: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **settings)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[GenerationTag, "jinja2.ext.loopcontrols"],
    )
    environment.filters["tojson"] = to_json
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    return environment.from_string(source)


def render_all(request: dict[str, Any]) -> dict[str, Any]:
    """The first conversation rendered, and the others, None for those that cannot be."""
    dates: list[str] = []
    template = compile_template(request["template"], dates)
    first, *others = request["conversations"]
    texts: list[str | None] = [render(template, request["variables"], first)]
    for conversation in others:
        try:
            texts.append(render(template, request["variables"], conversation))
        except Exception:  # a template may refuse a conversation that ends early
            texts.append(None)
    return {"texts": texts, "has_date": bool(dates)}


def render(template: Any, variables: dict[str, Any], conversation: dict[str, Any]) -> str:
    """The text of a conversation. Raises ValueError for one that is too long."""
    text: str = template.render(**variables, **conversation)
    if len(text) > MAX_PROMPT:
        raise ValueError(f"it makes a prompt of {len(text):,} characters; at most {MAX_PROMPT:,}")
    return text


def run_requests(memory: int) -> None:
    """Serve the requests of standard input until it ends, with this much memory."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    limit_process = import_module("child_worker").limit_process
    sys.path.remove(folder)  # its modules are none of Jinja's
    while True:
        limit_process(memory)
        line = sys.stdin.buffer.readline()
        if not line:
            return
        try:
            answer: dict[str, Any] = {"result": render_all(json.loads(line))}
        except (KeyboardInterrupt, SystemExit):
            return
        except BaseException as error:
            name = type(error).__name__
            message = " ".join(str(error).split())[:300] or name
            answer = {"error": "too much memory" if name == "MemoryError" else message}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.path.append(sys.argv[1])  # the folder of jinja2 and markupsafe
    run_requests(int(sys.argv[2]))
