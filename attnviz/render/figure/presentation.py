"""Presentation: what a figure shows at its size, and how large its type is.

Where panels would be small, type is scaled down to its floor. Then captions, the heading of the
only head, the title (at a requested height), the names of the axes and last the subtitle are
omitted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace

from attnviz.errors import AttnvizWarning
from attnviz.record import Record
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import HALF, FigurePlan
from attnviz.render.figure.page_size import Page, TooSmallError, check_size
from attnviz.render.figure.smallest_size import smallest_size
from attnviz.render.figure.type_sizes import SMALLEST_FACTOR, TypeSizes

STEP = 0.88  # from one factor of the type to the next
NEARLY = 0.93  # of the largest share of panels that any presentation has
AXIS_NAMED = ("matrix", "rows")  # views that have names of axes beside panels
WEIGHTS_NOTE = "note on the weights"

Planner = Callable[[Drawable], FigurePlan]


class Presentation(Record, eq=False):
    """A drawable with its type, and the names of what is not shown."""

    drawable: Drawable
    omitted: tuple[str, ...] = ()

    def without(self, name: str, drawable: Drawable) -> Presentation:
        """The same presentation with this drawable, which lacks a part of this name."""
        return Presentation(drawable, (*self.omitted, name))


def choose_plan(planner: Planner, drawable: Drawable, view: str) -> FigurePlan:
    """The first plan with enough room for its panels, else the one with nearly the most room.

    Warns about parts that are omitted at the requested size.

    Raises TooSmallError, which names the smallest size, if the size is too small for all.
    """
    page = Page.of(drawable.style)
    check_size((page.width, page.height), drawable.style.dpi, f"{drawable.n_panel} panels")
    plans: list[tuple[FigurePlan, Presentation]] = []
    reason = ""
    for presentation in presentations(drawable, page, has_axis_names=view in AXIS_NAMED):
        if plans and WEIGHTS_NOTE in presentation.omitted:  # only if nothing else fits
            break
        try:
            plans.append((planner(presentation.drawable), presentation))
        except TooSmallError as error:
            reason, drawable = str(error), presentation.drawable
        if plans and (plans[-1][0].is_good or not page.fixed_width):
            break
    if not plans:
        raise TooSmallError(f"{reason}; {remedy(planner, drawable, page)}")
    plan, chosen = plans[-1]
    if page.fixed_width and not plan.is_good:
        candidates = [pair for pair in plans if pair[0].captions_fit] or plans
        enough = min(HALF, NEARLY * max(plan.share for plan, _ in candidates))
        plan, chosen = next(pair for pair in candidates if pair[0].share >= enough)
    if chosen.omitted:
        warnings.warn(
            f"omitted at {page}: {', '.join(chosen.omitted)}; a larger figure shows them",
            AttnvizWarning,
            stacklevel=4,
        )
    return plan


def presentations(
    drawable: Drawable, page: Page, *, has_axis_names: bool = False
) -> Iterator[Presentation]:
    """From the full presentation to the one that shows least, in the order of what gives way."""
    factor, smallest = page.type_factor, SMALLEST_FACTOR
    if page.font_size is not None:
        smallest = factor
    while factor > smallest:
        yield Presentation(replace(drawable, type=TypeSizes.scaled(factor)))
        factor *= STEP
    drawable = replace(drawable, type=TypeSizes.scaled(smallest))
    yield (now := Presentation(drawable))
    if drawable.subtitle:  # shorter, then beside the title: nothing is omitted
        drawable = replace(drawable, subtitle=drawable.subtitle.partition(":")[0])
        yield Presentation(drawable)
        drawable = replace(drawable, is_inline=bool(drawable.title))
        yield (now := Presentation(drawable))
    if drawable.style.captions or drawable.style.row_captions:
        style = replace(drawable.style, captions={}, row_captions={})
        drawable = replace(drawable, style=style)
        yield (now := now.without("captions", drawable))
    if drawable.n_panel == 1 and drawable.has_headings:
        drawable = replace(drawable, has_headings=False)
        yield (now := now.without("heading", drawable))
    if drawable.title and page.fixed_height:  # else the figure is higher by it
        drawable = replace(drawable, title="", is_inline=False)
        yield (now := now.without("title", drawable))
    if has_axis_names:
        drawable = replace(drawable, has_axis_names=False)
        yield (now := now.without("names of axes", drawable))
    if drawable.subtitle:
        yield now.without(WEIGHTS_NOTE, replace(drawable, subtitle=""))


def remedy(planner: Planner, drawable: Drawable, page: Page) -> str:
    """The smallest size that works, and how to need less."""
    option = "--size" if page.fixed_height else "--width"
    smallest = smallest_size(lambda style: planner(replace(drawable, style=style)), drawable.style)
    works = f"the smallest that works is {smallest}" if smallest else f"increase {option}"
    fewer = ", or select fewer heads with --layer and --head" if drawable.n_panel > 1 else ""
    return works + fewer
