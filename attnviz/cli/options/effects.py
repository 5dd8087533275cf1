"""Effects of options: the outputs and views in which an option acts, and what else it needs.

Every `Opt` states its effect; an option that was typed and has none is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.style_options import ACTS_IN

IMAGE_PROTOCOLS = ("kitty", "sixel")  # of --graphics: the table is drawn as a figure


class Output(Record):
    """One output of a command: its format and kind (`Format.kind`), and where it goes."""

    kind: str
    format: str
    is_stdout: bool = True


class Request(Record):
    """A command as it was typed, as far as the effects of its options depend on it.

    `views` holds the requested view, or those that "auto" may choose. `reads_lines`: sentences
    come from a file or from standard input.
    """

    options: Mapping[str, Any]
    outputs: tuple[Output, ...]
    views: frozenset[str] = frozenset()
    reads_lines: bool = False

    def is_given(self, *names: str) -> bool:
        """Whether one of these options has a value."""
        return any(self.options.get(name) not in (None, False, [], ()) for name in names)


class Need(Record):
    """A condition of an effect, and the end of the message where it does not hold."""

    holds: Callable[[Request], bool]
    otherwise: str


class Effect(Record):
    """Where an option acts: the views of each kind of output, and further needs.

    Without `views` it acts on every output. An option has an effect on a command if it acts on
    at least one output, and if all needs hold.
    """

    views: Mapping[str, str] | None = None
    needs: tuple[Need, ...] = ()
    is_of_terminal: bool = False  # acts on tables printed to standard output only

    def reason_against(self, request: Request) -> str | None:
        """Why the option has no effect on this request; None if it has one."""
        if self.views is not None:
            reasons = [self.reason_on(output, request) for output in request.outputs]
            if None not in reasons:
                return reasons[0]
        return next((need.otherwise for need in self.needs if not need.holds(request)), None)

    def reason_on(self, output: Output, request: Request) -> str | None:
        """Why the option has no effect on this output; None if it has one."""
        assert self.views is not None
        if output.kind not in self.views:
            return f"on {output.format}; it acts on {list_formats(self.views)}"
        if self.is_of_terminal and not output.is_stdout:
            return "on files; it acts on a table on standard output"
        views = self.views[output.kind].split()
        if views and not request.views.intersection(views):
            requested = " or ".join(sorted(request.views))
            return f"in the {requested} view of {output.format}; it acts in: {', '.join(views)}"
        return None


class ViewEffect(Effect):
    """Where --view acts: on outputs that have the view."""

    def reason_on(self, output: Output, request: Request) -> str | None:
        """Why the view has no effect on this output; None if the output has it."""
        assert self.views is not None
        if super().reason_on(output, request) is None or output.kind not in self.views:
            return super().reason_on(output, request)
        requested = " or ".join(sorted(request.views))
        views = ", ".join(self.views[output.kind].split())
        return f"on {output.format}: it has no {requested} view; its views are {views}"


def acts_on(*needs: Need, is_of_terminal: bool = False, **views: str) -> Effect:
    """The effect of an option that acts on these kinds of output, in these views of each."""
    return Effect(views, needs, is_of_terminal)


def acts_as(name: str, *needs: Need) -> Effect:
    """The effect of the option of a command that sets this display option of Python."""
    return Effect(ACTS_IN[name], needs)


def acts_if(*needs: Need) -> Effect:
    """The effect of an option that acts on every output, under these conditions."""
    return Effect(None, needs)


def is_with(*names: str) -> Need:
    """The condition that one of these options has a value."""
    return Need(
        lambda request: request.is_given(*names), f"without {' or '.join(map(flag, names))}"
    )


MANY_SENTENCES = Need(
    lambda request: request.reads_lines,
    "on one TEXT; it acts on sentences from --input or standard input",
)
TABLE_REQUESTED = Need(
    lambda request: any(output.format == "table" for output in request.outputs),
    "without a table on standard output",
)
COLOR = Need(lambda request: request.options.get("color") != "never", "with --color never")


def flag(name: str) -> str:
    """The option of this name, as it is typed."""
    return "--" + name.replace("_", "-")


def list_formats(kinds: Mapping[str, Any]) -> str:
    """The formats of these kinds, for a message: "table, png, svg, pdf"."""
    from attnviz.render.formats import FORMATS

    return ", ".join(row.name for row in FORMATS if row.kind in kinds)


def refuse_without_effect(request: Request, effects: Mapping[str, Effect]) -> None:
    """Raise MisuseError for an option without effect; `effects`: those of the typed options."""
    for name, effect in effects.items():
        if reason := effect.reason_against(request):
            raise MisuseError(f"{flag(name)} has no effect {reason}")


def check_effects(options: dict[str, Any], effects: Mapping[str, Effect]) -> None:
    """Refuse the typed options of a command that have no effect; --query implies its view.

    Raises MisuseError with the reason.
    """
    context = options["ctx"]
    typed = {name: effect for name, effect in effects.items() if is_typed(context, name)}
    if options.get("query") is not None and options["view"] == "auto":
        options["view"] = "text"
    if typed:
        refuse_without_effect(build_request(context, options), typed)


def is_typed(context: Any, name: str) -> bool:
    """Whether an option was given on the command line."""
    return getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"


def build_request(context: Any, options: Mapping[str, Any]) -> Request:
    """The request of a command with these options."""
    from attnviz.cli.options.formats import choose_formats

    if "output" in options:
        has_images = options.get("graphics") in IMAGE_PROTOCOLS
        outputs = tuple(
            Output(
                "figure" if has_images and path is None and row.name == "table" else row.kind,
                row.name,
                is_stdout=path is None,
            )
            for path, row in choose_formats(options)
        )
    else:
        outputs = (JSON if options.get("json") else TABLE,)
    words = list(options.get("text") or [])
    return Request(
        options,
        outputs,
        choose_views(options),
        reads_lines=options.get("input") is not None or words in ([], ["-"]),
    )


TABLE, JSON = Output("terminal", "table"), Output("json_document", "json")


def choose_views(options: Mapping[str, Any]) -> frozenset[str]:
    """The requested view, or the views that "auto" may choose."""
    from attnviz.render.views import find_view

    view = find_view(options.get("view", "auto")).name
    if view != "auto":
        return frozenset((view,))
    return frozenset(("matrix", "overview"))
