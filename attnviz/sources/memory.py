"""Memory estimates of a run, and the check against the memory of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from time import monotonic
from typing import Protocol

from attnviz.core.engine.thread_count import count_threads
from attnviz.core.engine.working_memory import count_working_numbers
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record

MAX_MEMORY_SHARE = 0.8  # of the machine's memory that a run may take
BYTES_PER_WEIGHT = 6  # float32, and a bool for visibility in the collector and again in the map
LEAN_FORMAT = "npz"  # recommended where another format needs too much
BYTES_PER_TOKEN = 1000  # of a token with its texts, as Python objects


class MapFormat(Protocol):
    """What a memory estimate reads of an output format."""

    @property
    def name(self) -> str:
        """Its name."""

    def writer_bytes(self, n_map: int, n_query: int, n_key: int) -> int:
        """Bytes beside the map while it is written."""


class MemoryEstimate(Record):
    """Bytes of the largest layer as float32, of the activations, and of the recorded maps.

    `writer` are the bytes that the format named `format` needs to write the maps.
    """

    layer: int
    activations: int
    maps: int
    writer: int = 0
    format: str = ""

    @property
    def total(self) -> int:
        """Bytes held at the same time; maps are written when all layers have run."""
        return self.maps + max(self.layer + self.activations, self.writer)


def activation_bytes(
    variants: Iterable[Variant], n_head: int, n_query: int, n_key: int, n_byte: int
) -> int:
    """Bytes of intermediate arrays while weights are computed, `n_byte` per number.

    Of several layers, those of the mechanism that needs most.
    """
    n_thread = count_threads()
    return n_byte * max(
        count_working_numbers(variant, n_head, n_query, n_key, n_thread) for variant in variants
    )


def map_bytes(n_map: int, n_query: int, n_key: int, max_side: int | None = None) -> int:
    """Bytes of the recorded maps, pooled to at most `max_side` cells per side (None: not)."""
    if max_side is not None:
        n_query, n_key = min(n_query, max_side), min(n_key, max_side)
    return BYTES_PER_WEIGHT * n_map * n_query * n_key


def with_writer(
    estimate: MemoryEstimate,
    formats: Iterable[MapFormat],
    n_map: int,
    n_query: int,
    n_key: int,
    max_side: int | None = None,
) -> MemoryEstimate:
    """The estimate with the format that needs the most memory; they are written in turn."""
    if max_side is not None:
        n_query, n_key = min(n_query, max_side), min(n_key, max_side)
    needs = [(row.writer_bytes(n_map, n_query, n_key), row.name) for row in formats]
    writer, name = max(needs, default=(0, ""))
    return replace(estimate, writer=writer, format=name)


def check_memory(
    estimate: MemoryEstimate, n_token: int, n_available: int | None, *, sets_heads: bool = False
) -> None:
    """Raise MisuseError, with the sizes, for a run that needs more memory than there is.

    `sets_heads`: the number of heads is an option.
    """
    if n_available is None or estimate.total <= MAX_MEMORY_SHARE * n_available:
        return
    fields = ("layer", "activations", "maps")
    parts = [f"{name} {format_bytes(getattr(estimate, name))}" for name in fields]
    if estimate.format:
        parts.append(f"{estimate.format} {format_bytes(estimate.writer)}")
    lean = replace(estimate, writer=0).total
    advice = ""
    if lean <= MAX_MEMORY_SHARE * n_available and estimate.format != LEAN_FORMAT:
        advice = f"Write {LEAN_FORMAT} instead of {estimate.format}. "
    remedy = "Select fewer layers and heads (--layer, --head) or shorten the text"
    if estimate.layer + estimate.activations > MAX_MEMORY_SHARE * n_available:
        remedy = "A layer is computed with all its heads: shorten the text"
        remedy += " or use fewer heads (--heads)" if sets_heads else ""
    raise MisuseError(
        f"{n_token} tokens need about {format_bytes(estimate.total)} ({', '.join(parts)}); this "
        f"machine has {format_bytes(n_available)}. {advice}{remedy}"
    )


def machine_memory() -> int | None:
    """Bytes of memory that this process may use: physical memory, or a lower limit.

    Limits are those of the process (`ulimit -v`) and of its control groups, as containers and
    batch systems set them. None where the system does not report its memory.
    """
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    limits = (address_space_left(), cgroup_limit_at(int(monotonic())))
    return min(physical, *(limit for limit in limits if limit is not None))


def address_space_left() -> int | None:
    """Bytes that this process may still map (`ulimit -v`); None without such a limit."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

        limit = getrlimit(RLIMIT_AS)[0]
        if limit == RLIM_INFINITY:
            return None
        n_page = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError, ValueError):
        return None
    return max(0, limit - n_page * os.sysconf("SC_PAGE_SIZE"))


@lru_cache(maxsize=1)
def cgroup_limit_at(second: int) -> int | None:
    """`cgroup_limit`, read once a second: a corpus checks its memory for each sentence."""
    del second
    return cgroup_limit()


def cgroup_limit(root: Path = Path("/")) -> int | None:
    """The lowest memory limit of the control groups of this process; None without one."""
    limits = [limit for path in limit_files(root) for limit in read_limit(path)]
    return min(limits, default=None)


@cache
def limit_files(root: Path) -> tuple[Path, ...]:
    """The files with memory limits of the control groups of this process.

    Version 2 states it in memory.max of a group and of the groups around it, version 1 in
    memory.limit_in_bytes. In a container the files of its own group may stand at the top.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ()
    found: list[Path] = []
    for line in groups:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        folder = top / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group.is_relative_to(top):
                found.append(group / name)
    return tuple(path for path in found if path.is_file())


def read_limit(path: Path) -> list[int]:
    """The number in a file; nothing for "max", or for a file that is not there."""
    try:
        return [int(path.read_text(encoding="ascii"))]
    except (OSError, ValueError):
        return []


def format_bytes(n_byte: int) -> str:
    """A number of bytes with a decimal unit.

    >>> format_bytes(1_500_000_000)
    '1.5 GB'
    """
    for power, unit in ((5, "PB"), (4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if n_byte >= 1000**power:
            return f"{n_byte / 1000**power:.1f} {unit}"
    return f"{n_byte} B"
