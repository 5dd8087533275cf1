"""Attention visualizer: tables, figures, pages and data files of attention weights.

    >>> import attnviz
    >>> amap = attnviz.look("The cat sat on the mat", variant="causal")
    >>> amap.weights.shape
    (1, 1, 6, 6)

`look` computes the attention map of a sentence (`look_many`: of many), `attend` attention over
arrays; `read` loads attention that other programs saved, `write` saves a map to a file. `compare`,
`diff`, `check`, `explain`, `heads`, `mask`, `tokens`, `models`, `formats` and `schema` do what
the commands of these names do, `show`, `figure` and `plot` display a map; `measure`,
`agreement` and `corpus_stats` are numbers about heads, `effect` is what their ablation does to the
prediction of a model (`corpus_effects`: the mean over texts, `mean_outputs`: what mean ablation
needs, `add_effects`: a map whose page ranks heads by them), `expert_choices` are the experts that
a mixture of experts chooses; `reduce` combines layers, heads and tokens; `watch` records the
attention of a PyTorch program. VARIANTS is the catalogue of mechanisms. Everything is imported
when it is first used.
"""

from __future__ import annotations

from attnviz._version import __version__ as __version__
from attnviz.method_table import METHODS

TYPE_CHECKING = False  # `typing` itself would slow down `attnviz --version`
if TYPE_CHECKING:
    from typing import Any

    from attnviz.api.attend import attend
    from attnviz.api.check import check
    from attnviz.api.compare import compare
    from attnviz.api.compare_maps import compare_maps
    from attnviz.api.corpus_effects import corpus_effects
    from attnviz.api.diff import diff
    from attnviz.api.effect import effect, mean_outputs
    from attnviz.api.effect_map import add_effects
    from attnviz.api.expert_choices import expert_choices
    from attnviz.api.explain import explain
    from attnviz.api.figures import figure, plot, show
    from attnviz.api.formats import formats, schema
    from attnviz.api.head_stats import corpus_stats, head_stats, heads
    from attnviz.api.look import look
    from attnviz.api.look_many import look_many
    from attnviz.api.mask_map import mask
    from attnviz.api.measure import agreement, measure
    from attnviz.api.model_info import models
    from attnviz.api.reduce import reduce
    from attnviz.api.tokens import tokens
    from attnviz.api.watch import watch
    from attnviz.api.write import write
    from attnviz.core.attention_map import AttentionMap
    from attnviz.core.tokens import Token
    from attnviz.core.variants import VARIANTS
    from attnviz.errors import AttnvizError, AttnvizWarning, GuessWarning
    from attnviz.sources.external import load, read, read_each

__all__ = [
    "VARIANTS",
    "AttentionMap",
    "AttnvizError",
    "AttnvizWarning",
    "GuessWarning",
    "Token",
    "add_effects",
    "agreement",
    "attend",
    "check",
    "compare",
    "compare_maps",
    "corpus_effects",
    "corpus_stats",
    "diff",
    "effect",
    "expert_choices",
    "explain",
    "figure",
    "formats",
    "head_stats",
    "heads",
    "load",
    "look",
    "look_many",
    "mask",
    "mean_outputs",
    "measure",
    "models",
    "plot",
    "read",
    "read_each",
    "reduce",
    "schema",
    "show",
    "tokens",
    "watch",
    "write",
]

_HOME = {
    "show": "attnviz.api.figures",
    "plot": "attnviz.api.figures",
    "figure": "attnviz.api.figures",
    "schema": "attnviz.api.formats",
    "formats": "attnviz.api.formats",
    "tokens": "attnviz.api.tokens",
    "models": "attnviz.api.model_info",
    "mask": "attnviz.api.mask_map",
    "heads": "attnviz.api.head_stats",
    "look": "attnviz.api.look",
    "look_many": "attnviz.api.look_many",
    "attend": "attnviz.api.attend",
    "compare": "attnviz.api.compare",
    "compare_maps": "attnviz.api.compare_maps",
    "diff": "attnviz.api.diff",
    "check": "attnviz.api.check",
    "add_effects": "attnviz.api.effect_map",
    "effect": "attnviz.api.effect",
    "mean_outputs": "attnviz.api.effect",
    "corpus_effects": "attnviz.api.corpus_effects",
    "expert_choices": "attnviz.api.expert_choices",
    "explain": "attnviz.api.explain",
    "head_stats": "attnviz.api.head_stats",
    "corpus_stats": "attnviz.api.head_stats",
    "measure": "attnviz.api.measure",
    "agreement": "attnviz.api.measure",
    "load": "attnviz.sources.external",
    "read": "attnviz.sources.external",
    "read_each": "attnviz.sources.external",
    "reduce": "attnviz.api.reduce",
    "watch": "attnviz.api.watch",
    "write": "attnviz.api.write",
    "AttentionMap": "attnviz.core.attention_map",
    "Token": "attnviz.core.attention_map",
    "VARIANTS": "attnviz.core.variants",
    "AttnvizError": "attnviz.errors",
    "AttnvizWarning": "attnviz.errors",
    "GuessWarning": "attnviz.errors",
}

METHODS.update(
    {
        "figure": "attnviz.api.figures:figure",
        "isel": "attnviz.api.map_selection:isel",
        "measure": "attnviz.api.measure:measure",
        "mimebundle": "attnviz.api.notebook:mimebundle",
        "plot": "attnviz.api.figures:plot",
        "reduce": "attnviz.api.reduce:reduce",
        "reduce_dims": "attnviz.api.map_arithmetic:reduce_dims",
        "save": "attnviz.api.write:write",
        "sel": "attnviz.api.map_selection:sel",
        "show": "attnviz.api.figures:show",
        "subtract": "attnviz.api.map_arithmetic:subtract",
        "to_dict": "attnviz.api.convert:to_dict",
        "to_frame": "attnviz.api.convert:to_frame",
        "to_xarray": "attnviz.api.convert:to_xarray",
        "top": "attnviz.api.top_links:top",
    }
)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'attnviz' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # later accesses do not come here
    return value


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic %%watch in a notebook: `%load_ext attnviz`."""
    from attnviz.api.notebook_magic import register

    register(shell)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
