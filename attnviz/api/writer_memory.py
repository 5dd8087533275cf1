"""Memory of writers: refuse a format that needs more memory than there is, before it starts."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.output_format import Format
from attnviz.sources.memory import LEAN_FORMAT, MAX_MEMORY_SHARE, format_bytes, machine_memory


def check_writer_memory(amap: AttentionMap, format: Format) -> None:
    """Raise MisuseError where writing a map that exists needs more memory than there is."""
    n_layer, n_head, n_query, n_key = amap.weights.shape
    n_byte = format.writer_bytes(n_layer * n_head, n_query, n_key)
    available = machine_memory()
    if available is not None and amap.weights.nbytes + n_byte > MAX_MEMORY_SHARE * available:
        raise MisuseError(
            f"{format.name} needs about {format_bytes(n_byte)} to write {amap.weights.size:,} "
            f"weights; this machine has {format_bytes(available)}. Write {LEAN_FORMAT}, or select "
            "fewer layers and heads (--layer, --head)"
        )
