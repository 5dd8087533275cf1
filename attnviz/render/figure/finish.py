"""The last steps of a drawn figure: a title with math, dark colors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.errors import MisuseError
from attnviz.render.style import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGIN, ABOVE = 0.12, 0.03  # inches beside and above a title

HEIGHT = 1.75  # sizes of the type: the height of a title


def finish_figure(figure: Figure, style: Style) -> Figure:
    """The figure with what its style requests beyond layout and contents."""
    if style.math and style.show_title:
        set_math(figure, style.title or "")
    if style.dark:
        from attnviz.render.figure.dark import darken

        darken(figure)
    return figure


def set_math(figure: Figure, text: str) -> None:
    """Typeset the $…$ of the title, smaller where it would be wider or higher than its place.

    Raises MisuseError for a title that cannot be typeset, or that has no math.
    """
    from matplotlib.mathtext import MathTextParser

    if text.count("$") < 2 or text.count("$") % 2:
        raise MisuseError(f"--math typesets $…$ in --title; {text!r:.80} has none")
    title = next((text for text in figure.texts if text.get_label() == "title"), None)
    if title is None:  # omitted at a small size
        return
    try:
        parsed = MathTextParser("path").parse(text, 72, title.get_fontproperties())
    except ValueError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MisuseError(f"--math cannot typeset {text!r:.80}: {reason}") from None
    wide, tall = figure.get_size_inches()
    room = HEIGHT * float(title.get_fontsize())
    fit = min(1.0, (wide - 2 * MARGIN) * 72 / parsed[0], room / (parsed[1] + parsed[2]))
    title.set(text=text, parse_math=True, fontsize=float(title.get_fontsize()) * fit)
    title.set(y=1 - ABOVE / tall, va="top")
