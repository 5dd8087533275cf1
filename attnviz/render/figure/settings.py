"""Settings of matplotlib: those of the figures of attnviz, read in their context alone.

matplotlib reads rcParams, which belong to the process, while artists are made and while files
are written. Within `matplotlib_settings` they read as matplotlib's defaults with RC_PARAMS, for
this thread (this context) only: other threads read the user's, at the same time, and no value is
written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

RC_PARAMS = {
    "text.parse_math": False,  # tokens may contain $ signs
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "svg.fonttype": "none",  # text remains text: searchable and editable
    "svg.hashsalt": "attnviz",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "hatch.linewidth": 0.5,
}
SETTINGS: ContextVar[Mapping[str, Any] | None] = ContextVar("SETTINGS", default=None)


@contextmanager
def matplotlib_settings(*more: tuple[str, Any]) -> Iterator[None]:
    """matplotlib's default settings with RC_PARAMS and `more`, not what the user configured."""
    read_settings_of_context()
    token = SETTINGS.set({**default_settings(), **RC_PARAMS, **dict(more)})
    try:
        yield
    finally:
        SETTINGS.reset(token)


@cache
def default_settings() -> Mapping[str, Any]:
    """matplotlib's own settings; the backend, which chooses windows, is the user's."""
    import matplotlib

    return {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}


@cache
def read_settings_of_context() -> None:
    """Let rcParams read the settings of the context first, if it has any.

    The alternative, `matplotlib.rc_context`, writes them for all threads: a figure that the user
    draws meanwhile would have them, and contexts that interleave restore one another's values.
    """
    from matplotlib import RcParams

    read: Any = RcParams.__getitem__

    def __getitem__(self: RcParams, name: str) -> Any:
        settings = SETTINGS.get()
        return read(self, name) if settings is None or name not in settings else settings[name]

    RcParams.__getitem__ = __getitem__  # type: ignore[method-assign]
