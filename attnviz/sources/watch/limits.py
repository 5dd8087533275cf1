"""Limits of a recording: the calls that are recorded, and the memory that it may take."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.core.selection import Range, Selector, parse_ranges, resolve_ranges
from attnviz.errors import IS_COMMAND_LINE, MisuseError
from attnviz.record import Record


class RecordingLimits(Record, kw_only=True):
    """Which modules, layers, steps, batch items, heads and rows are recorded; None: all.

    `steps` are numbers of runs, negative ones from the end; `every` leaves out all runs but
    every n-th.
    """

    modules: tuple[str, ...] = ()
    layers: tuple[Range, ...] | None = None
    heads: tuple[Range, ...] | None = None
    items: tuple[Range, ...] | None = None
    steps: tuple[Range, ...] | None = None
    rows: tuple[Range, ...] | None = None
    every: int = 1
    max_bytes: int = 1 << 32

    @classmethod
    def parse(
        cls,
        *,
        modules: str | Sequence[str] | None,
        layers: Selector,
        heads: Selector,
        items: Selector,
        steps: Selector,
        rows: Selector,
        every: int,
        max_bytes: int,
    ) -> RecordingLimits:
        """The limits that these values stand for.

        Raises MisuseError for values that cannot be read.
        """
        patterns = modules.split(",") if isinstance(modules, str) else list(modules or ())
        layer, head = ("--layer", "--head") if IS_COMMAND_LINE.get() else ("layers", "heads")
        layer_ranges = parse_ranges(layers, layer)
        for first, last in layer_ranges or ():
            if first < 0 or last < 0:
                raise MisuseError(
                    f"{layer} {layers}: the number of layers is not known while the program runs; "
                    "count from 0"
                )
        if every < 1:
            raise MisuseError(f"--every {every} should be at least 1")
        step_ranges = parse_ranges(steps, "--steps")
        if any((first < 0) != (last < 0) for first, last in step_ranges or ()):
            raise MisuseError(f"--steps {steps}: both ends of a range count from the same side")
        return cls(
            modules=tuple(pattern.strip() for pattern in patterns),
            layers=layer_ranges,
            heads=parse_ranges(heads, head),
            items=parse_ranges(items, "--item" if IS_COMMAND_LINE.get() else "items"),
            steps=step_ranges,
            rows=parse_ranges(rows, "--rows"),
            every=every,
            max_bytes=max_bytes,
        )

    def allows_layer(self, layer: int) -> bool:
        """Whether a layer is recorded."""
        return self.layers is None or any(a <= layer <= b for a, b in self.layers)

    def allows_run(self, run: int) -> bool:
        """Whether a run may be kept; `expired` later drops those that are not among the last."""
        if run % self.every:
            return False
        return self.steps is None or any(a < 0 or a <= run <= b for a, b in self.steps)

    def expired(self, runs: Sequence[int], *, is_last: bool = False) -> list[int]:
        """The runs that are dropped now, of those that are kept at one site.

        Without `is_last` later runs may follow, and those that may be among the last are kept.
        """
        ranges = self.steps
        if ranges is None:
            return []
        dropped = []
        for index, run in enumerate(runs):
            from_end = index - len(runs)
            is_kept = any(
                a <= run <= b if a >= 0 else a <= from_end and (from_end <= b or not is_last)
                for a, b in ranges
            )
            if not is_kept:
                dropped.append(run)
        return dropped


def resolve(ranges: tuple[Range, ...] | None, n: int, kind: str) -> tuple[int, ...]:
    """The selected numbers among 0 to n − 1.

    Raises MisuseError for a number that is not among them.
    """
    numbers = resolve_ranges(ranges, range(n), kind)
    return tuple(range(n)) if numbers is None else tuple(sorted(numbers))
