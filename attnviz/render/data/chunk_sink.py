"""Chunk sink: the file that a library writes to, whose bytes are taken in chunks."""

from __future__ import annotations

from typing import Any


class ChunkSink:
    """A file opened for writing, without seek; what is written stays until it is taken."""

    closed = False

    def __init__(self) -> None:
        self.pending: list[bytes] = []
        self.position = 0

    def write(self, data: Any) -> int:
        """Keep a copy of these bytes; returns their number."""
        chunk = bytes(data)
        self.pending.append(chunk)
        self.position += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        """The number of bytes written so far."""
        return self.position

    def flush(self) -> None:
        """Nothing to do: no bytes are buffered elsewhere."""

    def close(self) -> None:
        """Nothing to do: what is pending can still be taken."""

    def take(self) -> bytes:
        """The bytes written since the last call."""
        chunk = b"".join(self.pending)
        self.pending.clear()
        return chunk
