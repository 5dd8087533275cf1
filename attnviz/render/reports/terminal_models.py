"""Model families, and facts about a checkpoint, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.render.reports.terminal_listing import Facts, Listing

COLUMNS = ("kind", "name", "features", "paper")
UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
ATTENTION_NAMES = {
    "self": "self-attention",
    "encoder": "encoder self-attention",
    "decoder": "decoder self-attention",
    "cross": "cross-attention",
}
ModelFacts = Mapping[str, Any]


def families_table(families: Sequence[ModelFacts], shipped: Mapping[str, str]) -> Listing:
    """One line per family; `shipped` has the models that ship with attnviz."""
    rows = [tuple(str(family[name]) for name in COLUMNS) for family in families]
    names = ", ".join(f"{name} ({text})" for name, text in shipped.items())
    note = (
        f"{len(rows)} families. Details of a model: attnviz models MODEL. Models that ship with "
        f"attnviz: {names}."
    )
    return Listing("", COLUMNS, rows, note=note)


def checkpoint_facts(facts: ModelFacts) -> Facts:
    """Sizes of a checkpoint, and the attention of its layers."""
    n_parameter, n_byte = format_count(facts["numbers"]), format_megabytes(facts["bytes"])
    texts = {
        "family": f"{facts['family']}, {facts['kind']} [{facts['paper']}]",
        "layers": format_layers(facts["layers"]),
        "heads": format_heads(facts["heads"], facts["kv_heads"], facts["d_head"]),
        "hidden size": f"{facts['d_model']:,}",
        "vocabulary": facts["vocabulary"] and f"{facts['vocabulary']:,} tokens",
        "max. length": f"{facts['positions']:,} tokens" if facts["positions"] else "unlimited",
        "sliding window": facts["window"] and f"{facts['window']:,} tokens",
        "experts": facts["experts"] and format_experts(facts["experts"], facts["layers"]),
        "parameters": f"{n_parameter} ({facts['dtype']}, {n_byte})",
        "tensors": format_dtypes(facts["dtypes"]),
        "tokenizer": facts["tokenizer"],
        "input": facts["reads"],
    }
    rows = [(name, str(text)) for name, text in texts.items() if text]
    for group in facts["attention"]:
        indices = group["layers"]
        name = f"layer{'s' * (len(indices) > 1)} {format_ranges(indices)}"
        rows.append((name, f"{ATTENTION_NAMES[group['kind']]}, {group['algebra']}"))
    return Facts(facts["name"], rows)


def format_layers(counts: Mapping[str, int]) -> str:
    """Number of layers per kind of attention."""
    return ", ".join(f"{n}" if kind == "self" else f"{n} {kind}" for kind, n in counts.items())


def format_dtypes(counts: Mapping[str, int]) -> str:
    """Number of tensors of each dtype; empty for a single one.

    >>> format_dtypes({"Q4_1": 210, "float32": 61})
    '210 Q4_1, 61 float32'
    """
    listed = [f"{n:,} {dtype}" for dtype, n in counts.items()]
    return ", ".join(listed) if len(listed) > 1 else ""


def format_heads(n_head: int, n_kv_head: int, d_head: int) -> str:
    """Number of heads, number of key/value heads where it differs, and head dimension."""
    kv_heads = f" (key/value heads: {n_kv_head})" if n_kv_head != n_head else ""
    return f"{n_head}{kv_heads}, head dim {d_head}"


def format_experts(experts: ModelFacts, layers: Mapping[str, int]) -> str:
    """Numbers of experts, and the layers that have them unless all have."""
    shared = " and a shared one" if experts["shared"] else ""
    some = len(experts["layers"]) < layers["self"]
    where = f", in layers {format_ranges(experts['layers'])}" if some else ""
    return f"{experts['count']}{shared}, {experts['per_token']} per token{where}"


def format_count(n: int) -> str:
    """A large number with a decimal unit.

    >>> format_count(22_713_216)
    '22.7 M'
    """
    scale, unit = next(((s, u) for s, u in UNITS if n >= s), (1, ""))
    return f"{n / scale:.1f} {unit}" if unit else str(n)


def format_megabytes(n_byte: int) -> str:
    """A file size in megabytes."""
    return f"{n_byte / 1e6:,.1f} MB"


def format_ranges(indices: Sequence[int]) -> str:
    """Sorted indices, consecutive ones as ranges.

    >>> format_ranges([0, 1, 2, 5])
    '0–2, 5'
    """
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
