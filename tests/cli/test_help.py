"""Help texts: plain words, upper-case metavars, and one table of options for both surfaces."""

import inspect
import re

import pytest
import typer

from attnviz.cli.app import COMMANDS, build_app
from attnviz.cli.environment import Environment
from attnviz.cli.options.look import LOOK, MODEL, PARTS, PREDICT, SEEDED
from attnviz.sources.options import MODEL_OPTIONS, PART_OPTIONS, SEEDED_OPTIONS, Options
from tests.cli.runner import run

PRIVATE_WORDS = re.compile(
    r"\b(nobody|somebody|so many|looks? at|who|whom|asks?|gives|tells?|told|wishes|"
    r"of one's own|bare|falls? into|ending)\b",
    re.IGNORECASE,
)


def commands():
    """Every command with the context that help is printed in."""
    group = build_app(["--show-completion"], Environment(None, None, None, {}))
    context = typer.Context(group, info_name="attnviz")
    return [(group, context)] + [(group.commands[name], context) for name in COMMANDS]


PARAMS = {
    f"{command.name or 'attnviz'} {param.opts[-1]}": param
    for command, context in commands()
    for param in command.get_params(context)
}


def test_every_parameter_is_described_in_plain_words():
    assert len(PARAMS) > 500
    for name, param in PARAMS.items():
        assert param.help and not PRIVATE_WORDS.search(param.help), name
        assert param.help.endswith((".", "…")), name


def test_every_metavar_is_upper_case():
    for name, param in PARAMS.items():
        if getattr(param, "is_flag", False):
            assert param.metavar is None, name
        else:
            assert param.metavar and param.metavar == param.metavar.upper(), name
            assert "<" not in param.metavar and "[" not in param.metavar, name


@pytest.mark.parametrize("command", [command for command, _ in commands()], ids=lambda c: c.name)
def test_every_summary_is_plain(command):
    assert command.help and not PRIVATE_WORDS.search(inspect.cleandoc(command.help))


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [80, 120])
def test_help_fits_and_shows_no_types(name, width):
    result = run(name, "--help", width=width)
    assert (result.status, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= width
    assert not re.search(r"<(str|bool|int|float|list)|\[\[|default: \(", result.out)


def test_show_lists_the_options_of_the_program_and_the_most_used_first():
    out = run("show", "--help").out
    assert "--version" in out and "--debug" in out
    first = [
        out.index(f"│ {name} ")
        for name in ("--output", "--variant", "--model", "--layer", "--size")
    ]
    assert first == sorted(first)


@pytest.mark.parametrize("words", [("-V", "--debug"), ("--version", "x")])
def test_version_is_printed_alone(words):
    result = run(*words)
    assert result.status == 0 and re.fullmatch(r"attnviz \S+\n", result.out)


def test_both_surfaces_have_the_same_options():
    assert set(PARTS) - {"set"} == set(PART_OPTIONS)
    assert set(SEEDED) == set(SEEDED_OPTIONS)
    assert {*MODEL, *PREDICT} - {"model"} == set(MODEL_OPTIONS)
    typed = {name for group in (*LOOK, PREDICT) for name in group}
    assert typed - {"set"} == set(Options.__annotations__) - {"tunables"}


def test_the_pattern_finds_private_words():
    assert PRIVATE_WORDS.search("Show where a query looks at its keys.")
    assert PRIVATE_WORDS.search("Nobody may look ahead.")
