"""Roles of segments: whose turn of a chat each segment is, by the letter of the segment."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap

N_LETTER = 26  # segments that have a letter


def segment_letter(segment: int) -> str:
    """The letter of a segment, as --segments takes it: A for 0; past Z, its number."""
    return chr(ord("A") + segment) if 0 <= segment < N_LETTER else str(segment)


def role_of(amap: AttentionMap, segment: int) -> str:
    """The role of a segment; empty where the map is of no chat."""
    roles = amap.meta.get("roles", [])
    return roles[segment] if segment < len(roles) else ""


def roles_note(amap: AttentionMap) -> str:
    """The roles of all segments: "segments: A system, B user, C assistant"; empty for no chat."""
    segments = sorted({token.segment for token in (*amap.queries, *amap.keys)})
    named = [
        f"{segment_letter(segment)} {role}"
        for segment in segments
        if (role := role_of(amap, segment))
    ]
    return f"segments: {', '.join(named)}" if named else ""
