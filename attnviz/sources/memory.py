"""Memory estimates of a run, and the check against the memory of the machine."""

from __future__ import annotations

import os

from attnviz.errors import MisuseError
from attnviz.record import Record

MAX_MEMORY_SHARE = 0.8  # of the machine's memory that a run may take
# Of float32 in the collector, in the joined layers and in the map, and of a bool for visibility
# in each of them.
BYTES_PER_WEIGHT = 15
CONCURRENT_WEIGHTS = 1 << 23  # weights in the blocks that all threads compute at the same time


class MemoryEstimate(Record):
    """Bytes of the largest layer as float32, of the activations, and of the recorded maps."""

    layer: int
    activations: int
    maps: int

    @property
    def total(self) -> int:
        """Bytes held at the same time."""
        return self.layer + self.activations + self.maps


def activation_bytes(n_head: int, n_query: int, n_key: int, n_byte: int) -> int:
    """Bytes of intermediate arrays while weights are computed, `n_byte` per number.

    Three arrays of the size of the weights, of which only the blocks in work exist.
    """
    return 3 * n_byte * min(n_head * n_query * n_key, max(CONCURRENT_WEIGHTS, 256 * n_key))


def map_bytes(n_map: int, n_query: int, n_key: int, max_side: int | None = None) -> int:
    """Bytes of the recorded maps, pooled to at most `max_side` cells per side (None: not)."""
    if max_side is not None:
        n_query, n_key = min(n_query, max_side), min(n_key, max_side)
    return BYTES_PER_WEIGHT * n_map * n_query * n_key


def check_memory(estimate: MemoryEstimate, n_token: int, n_available: int | None) -> None:
    """Raise MisuseError, with the sizes, for a run that needs more memory than there is."""
    if n_available is not None and estimate.total > MAX_MEMORY_SHARE * n_available:
        layer, activations, maps = map(
            format_bytes, (estimate.layer, estimate.activations, estimate.maps)
        )
        raise MisuseError(
            f"{n_token} tokens need about {format_bytes(estimate.total)} (layer {layer}, "
            f"activations {activations}, maps {maps}); this machine has "
            f"{format_bytes(n_available)}. Select fewer layers and heads (--layer, --head) or "
            "shorten the text"
        )


def machine_memory() -> int | None:
    """Bytes of physical memory; None where the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def format_bytes(n_byte: int) -> str:
    """A number of bytes with a decimal unit.

    >>> format_bytes(1_500_000_000)
    '1.5 GB'
    """
    for power, unit in ((5, "PB"), (4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if n_byte >= 1000**power:
            return f"{n_byte / 1000**power:.1f} {unit}"
    return f"{n_byte} B"
