"""explain: the computation of one head, step by step, with its numbers.

The layers run as they do for `look`, and the intermediate results of one layer are recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Unpack

from attnviz.api.explain_arrays import explain_arrays, is_source
from attnviz.api.explain_input import head_matrices, input_steps, output_steps
from attnviz.api.pending_map import library_versions
from attnviz.argument_types import require_pair
from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.explain.arithmetic import explain_weight
from attnviz.core.explain.explanation import Explanation, Step
from attnviz.core.explain.steps import explain_steps, no_matrices
from attnviz.core.explain.trace import Trace
from attnviz.core.map_metadata import layer_mechanism
from attnviz.core.selection import HeadSelection
from attnviz.core.token_features import letter_numbers
from attnviz.core.tokens import Tokens, find_token
from attnviz.errors import MisuseError
from attnviz.sources.external import TokenArgument
from attnviz.sources.external.guesses import warn_of_readings
from attnviz.sources.forward_pass import (
    build_forward_pass,
    check_request,
    find_unused_options,
    refuse_predictions,
    refuse_unused,
)
from attnviz.sources.options import Options
from attnviz.sources.seeded.run_seeded import SeededPass
from attnviz.sources.token_text import TextInput, as_text

Meta = Mapping[str, Any]


def explain(
    text: Any,
    context: TextInput | None = None,
    *,
    layer: int | str | None = None,
    head: int | str | None = None,
    cell: tuple[str, str] | None = None,
    tokens: TokenArgument | None = None,
    axes: str | None = None,
    which: str | int | None = None,
    attention_mask: Any = None,
    **options: Unpack[Options],
) -> Explanation:
    """Explain one head: its computation from tokens to output, and one weight in detail.

    Args:
        text: the sentence, or its tokens as a list; the tokens are the queries. Or queries and
            keys that a program saved: a file (npz, safetensors, JSON), a mapping of names to
            arrays, a tuple (query, key[, value]) of arrays [head, token, d], or a map with
            vectors. Weights beside them are compared with the computed ones. A GuessWarning
            states assumptions about axes.
        context: a second sentence whose tokens are the keys (cross-attention); None: the text.
        layer: the layer to explain (0); negative: from the end.
        head: the head to explain (0), likewise; or "2.9" for head 9 of layer 2.
        cell: the query and the key of one weight, each a token or a position.
        tokens, which, attention_mask: of a file or arrays, as for `attnviz.read`.
        axes: of a file or arrays, one letter per axis: b(atch), h(ead), t(oken), d.
        options: as for `attnviz.look`; with a file, those of the mechanism and its parts, and
            `heads`, the number of heads of arrays [batch, token, heads · d].

    Returns:
        The steps in order, each with its meaning, formula and numbers, and the arithmetic of
        one weight if `cell` is given. With a file, meta["stored_weights"] has the largest
        difference from the weights in it.

    Raises:
        MisuseError: a layer, head or token that does not exist, or invalid options.
        InvalidInputError: a file without queries and keys.

    >>> explanation = explain("The cat sat", variant="scaled-dot", cell=("cat", "sat"))
    >>> [step.name for step in explanation.steps][:4]
    ['tokens', 'embeddings', 'W_Q', 'queries']
    >>> explanation.cell.query.label, explanation.cell.key.label
    ('cat', 'sat')
    """
    if cell is not None:
        require_pair("cell", cell, str, of="tokens, the query and the key")
    of_files = {"tokens": tokens, "axes": axes, "which": which, "attention_mask": attention_mask}
    if is_source(text):
        if context is not None:
            raise MisuseError("--context has no effect on queries and keys from a file")
        result = explain_arrays(text, layer=layer, head=head, cell=cell, **of_files, **options)
        warn_of_readings(result.meta.get("guessed", ()))
        return result
    for name, value in of_files.items():
        if value is not None:
            option = f"--{name.replace('_', '-')}"
            raise MisuseError(f"{option} has no effect on a sentence; it acts on files")
    text = as_text("text", text)
    context = None if context is None else as_text("context", context)
    selection = HeadSelection.parse(layer, head)
    refuse_predictions(options, "explain")
    forward = build_forward_pass(text, context, **options)
    layer, head = selection.resolve_single(range(forward.n_layer), range(forward.n_head))
    check_request(forward, [layer], [head])
    unused = find_unused_options(text, context, **options)
    refuse_unused(unused, str(forward.meta().get("variant")), has_vectors=True)
    queries, keys = forward.queries, forward.keys
    at = cell and (find_token(cell[0], queries, "query"), find_token(cell[1], keys, "key"))
    traces: list[Trace] = []

    def attend(call: LayerCall) -> FloatArray:
        traces.append(Trace.record(call, forward.variant_for(call)))
        return traces[-1].output

    forward.run(attend, layer)
    trace = traces[layer]
    meta = forward.meta()
    layers = forward.layers if isinstance(forward, SeededPass) else None
    matrices = partial(head_matrices, layers, layer) if layers else no_matrices
    return Explanation(
        title=make_title(meta, layer, head, trace.variant.pipeline),
        steps=(
            *input_steps(meta, trace, queries, keys, layers),
            *explain_steps(trace, head, queries, keys, matrices),
            *(output_steps(trace, queries, layers) if layers else ()),
            *hand_steps(meta, trace, keys),
        ),
        cell=explain_weight(trace, head, queries, keys, *at) if at else None,
        meta={**meta, **library_versions(), "layer": layer, "head": head, "text": text},
    )


def make_title(meta: Meta, layer: int, head: int, pipeline: str) -> str:
    """The mechanism, its layer and head, and the pipeline."""
    mechanism = layer_mechanism(meta, str(meta["variant"]), layer)
    of_layer = f" ({mechanism})" if mechanism else ""
    return f"{meta['variant']}, layer {layer}{of_layer}, head {head}: {pipeline}"


def hand_steps(meta: Meta, trace: Trace, keys: Tokens) -> list[Step]:
    """For letter embeddings weighted by length: the weighted sum, as computed by hand."""
    x = trace.call.inputs.key_input
    if x is None or meta.get("embedding") != "letters" or meta["variant"] != "length":
        return []
    lengths = [len(letter_numbers(token.label)) for token in keys]
    n_dim, total = min(lengths), sum(lengths)
    sums = [
        sum(n / total * float(vector[dim]) for n, vector in zip(lengths, x, strict=True))
        for dim in range(n_dim)
    ]
    return [
        Step(
            "by hand",
            f"sum over words of (share of the {total} letters) × embedding, in the first {n_dim} "
            f"dimensions, which all words have: {' and '.join(map(repr, sums))}; "
            f"their sum {sum(sums)!r}",
        )
    ]
