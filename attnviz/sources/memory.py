"""Memory: what a run takes, refused where the machine has less."""

from __future__ import annotations

import os

from attnviz.errors import MisuseError
from attnviz.record import Record

SHARE = 0.8  # of the machine's memory that a run may take


BYTES = 9  # of a weight that is kept: a float32 here and in the map, and whether it is visible


AT_ONCE = 1 << 23  # weights of the blocks that several threads compute


class Memory(Record):
    """Bytes: the largest layer as float32, what flows through it, and the maps that are kept."""

    layer: int
    activations: int
    maps: int

    @property
    def total(self) -> int:
        """All at once."""
        return self.layer + self.activations + self.maps


def flowing(n_head: int, n_query: int, n_key: int) -> int:
    """Numbers that are alive while weights are computed: three times over, a block each thread."""
    return 3 * min(n_head * n_query * n_key, max(AT_ONCE, 256 * n_key))


def kept(n_token: int, most: int | None) -> int:
    """The side of a map."""
    return n_token if most is None else min(n_token, most)


def refuse_too_large(memory: Memory, n_token: int, have: int | None) -> None:
    """Refuse what would not fit into the machine's memory, with the numbers."""
    if have is not None and memory.total > SHARE * have:
        raise MisuseError(
            f"{n_token} tokens need about {size(memory.total)} (layer {size(memory.layer)}, "
            f"activations {size(memory.activations)}, maps {size(memory.maps)}); this machine "
            f"has {size(have)}. Ask for fewer layers and heads (--layer, --head) or cut the text"
        )


def machine() -> int | None:
    """Bytes of memory that this machine has, where it tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def size(n_byte: int) -> str:
    """Bytes as one says them.

    >>> size(1_500_000_000)
    '1.5 GB'
    """
    for power, unit in ((5, "PB"), (4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if n_byte >= 1000**power:
            return f"{n_byte / 1000**power:.1f} {unit}"
    return f"{n_byte} B"
