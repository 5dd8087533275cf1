"""Conversion of typed words: what is converted without pydantic is what typer converts it to."""

from typing import Annotated

import pytest
import typer
from typer.main import get_command

from attnviz.cli.options.conversion import CONVERSIONS, quick_conversion

app = typer.Typer()


@app.command()
def command(
    words: list[str],
    text: Annotated[str | None, typer.Option()] = None,
    n: Annotated[int | None, typer.Option()] = None,
    x: Annotated[float | None, typer.Option()] = None,
    few: Annotated[int, typer.Option(max=3)] = 1,
    flag: Annotated[bool, typer.Option()] = False,
):
    """A command with a parameter of each kind."""


COMMAND = get_command(app)
PARAMS = {param.name: param for param in COMMAND.params}
TYPED = (
    *("", "a", "für", "8", "-0", "007", "1_000", " 8 ", "+8", "8.0", "-0.50", ".5", "5.", "1e3"),
    *("nan", "inf", "9" * 15, "9" * 16, "9" * 40, "0." + "1" * 15, "0." + "1" * 30, "١", "x\ny"),
    *("\udcff", "ü\udcff", "True", "0x10", "−1", "1,5"),
)
VALUES = (*TYPED, ["a"], ["a", "ü"], (), None, ["\udcff"], ["8", "9"])


def outcome(convert, value, param):
    """The result and its type, or the message of the error."""
    try:
        result = convert.coerce(value, param=param, ctx=None)
    except typer.BadParameter as error:
        return error.message
    return repr(result), type(result)


@pytest.mark.parametrize("name", ["words", "text", "n", "x", "few", "flag"])
def test_values_and_errors_are_those_of_typer(name):
    param = PARAMS[name]
    by_typer = param.get_runtime_param
    quick = quick_conversion(param, by_typer)
    for value in VALUES:
        assert outcome(quick, value, param) == outcome(by_typer(), value, param), repr(value)


def test_plain_values_do_not_reach_typer():
    def refuse():
        raise AssertionError("typer was called")

    for name, value in (("words", ["a"]), ("text", "für"), ("n", "-8"), ("x", "0.5")):
        quick = quick_conversion(PARAMS[name], refuse)
        assert outcome(quick, value, PARAMS[name])[0] == repr(
            CONVERSIONS[PARAMS[name].type_descriptor.annotation].convert(value)
        )
    with pytest.raises(AssertionError):
        outcome(quick_conversion(PARAMS["few"], refuse), "2", PARAMS["few"])
