"""Interventions in models of every family: they change the requested part and layer only."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz import look
from attnviz.core.compose.interventions import parse_heads
from attnviz.core.registry import parts_for
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError
from tests.sources.reference import FOLDERS, MODELS, open_model

TEXT, TARGET = "the cat sat where the cat was", "a dog ran"
KINDS = [(folder, kind) for folder in FOLDERS for kind in open_model(folder).attentions]


def run_model(folder, kind="self", **changes):
    """All layers and heads of one kind of attention."""
    more = {} if kind == "self" else {"attention": kind}
    if kind in ("decoder", "cross"):
        more["target"] = TARGET
    return look(TEXT, model=str(MODELS / folder), **more, **changes)


def visible(amap):
    return np.broadcast_to(True if amap.visible is None else amap.visible, amap.weights.shape)


def changed(folder, kind, **changes):
    """The original map, and the one with a change in the last layer; earlier layers are equal."""
    plain = run_model(folder, kind)
    last = plain.n_layer - 1
    at = {} if "ablate" in changes else {"at": (last,)}
    made = run_model(folder, kind, **at, **changes)
    assert (made.weights[:last] == plain.weights[:last]).all()
    assert not (made.weights[last] == plain.weights[last]).all()
    assert "intervention" not in plain.meta
    assert made.title == f"{plain.title}, modified: {made.meta['intervention']}"
    assert (made.weights[~visible(made)] == 0).all()
    return plain.select(layers=[last]), made.select(layers=[last])


def of_keys(amap):
    """Weights as shares of what the keys have: a learned sink takes the rest of a row."""
    sums = amap.weights.sum(-1, keepdims=True, dtype=np.float64)
    assert amap.row_sum == "at most 1" or np.allclose(sums, 1)
    return amap.weights / sums


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_hard_puts_all_weight_on_the_argmax(folder, kind):
    plain, made = changed(folder, kind, variant="hard")
    assert (made.weights.max(-1) == 1).all() and (made.weights.sum(-1) == 1).all()
    assert (made.weights.argmax(-1) == plain.weights.argmax(-1)).all()


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_temperature_flattens_the_weights(folder, kind):
    plain, made = changed(folder, kind, temperature=2.0)
    flat = np.sqrt(plain.weights.astype(np.float64))
    assert np.allclose(of_keys(made), flat / flat.sum(-1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_window_masks_distant_keys_and_renormalizes(folder, kind):
    plain, made = changed(folder, kind, mask="window(2)")
    n_query, n_key = made.weights.shape[-2:]
    q, k = np.arange(n_query)[:, None] + n_key - n_query, np.arange(n_key)
    near = visible(plain) & (abs(q - k) < 2)
    assert (visible(made) == near).all()
    kept = np.where(near, plain.weights.astype(np.float64), 0)
    kept /= kept.sum(-1, keepdims=True)
    assert np.allclose(of_keys(made), kept, atol=1e-5)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_an_ablated_head_is_zero_and_masked_and_other_heads_of_its_layer_are_unchanged(
    folder, kind
):
    last = open_model(folder).attentions[kind] - 1
    plain, made = changed(folder, kind, ablate=f"{last}.1")
    assert (made.weights[0, 1] == 0).all() and not visible(made)[0, 1].any()
    others = [head for head in made.heads if head != 1]
    assert (made.weights[0, others] == plain.weights[0, others]).all()


@pytest.mark.parametrize("folder", ["bert", "t5", "gpt2", "gemma2"])
def test_a_change_in_the_first_layer_affects_later_layers(folder):
    kind = next(iter(open_model(folder).attentions))
    plain, made = run_model(folder, kind), run_model(folder, kind, ablate="0.*")
    assert (made.weights[0] == 0).all() and not visible(made)[0].any()
    assert not np.allclose(made.weights[1], plain.weights[1], atol=1e-4)


@pytest.mark.parametrize("folder", ["bert", "modernbert"])
def test_causal_masks_later_keys(folder):
    made = run_model(folder, variant="causal")
    assert not np.triu(made.weights, 1).any()
    assert np.triu(run_model(folder).weights, 1).any()


@pytest.mark.parametrize("variant", tuple(VARIANTS.values()), ids=lambda row: row.name)
def test_every_row_applies_to_a_model_or_is_a_one_line_error(variant):
    try:
        made = run_model("llama", variant=variant.name)
    except MisuseError as refused:
        assert "\n" not in str(refused) and len(str(refused)) < 160
    else:
        assert np.isfinite(made.weights).all()
        assert made.meta["intervention"] == variant.name


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        (slot, part.name)
        for slot in ("score", "scale", "bias", "mask", "normalize", "position")
        for part in parts_for(slot)
    ],
)
def test_every_part_applies_to_a_model_or_is_an_error(slot, name):
    option = "positions" if slot == "position" else slot
    try:
        made = run_model("mistral", **{option: name})
    except MisuseError as refused:
        assert len(str(refused).splitlines()[0]) < 160
    else:
        assert np.isfinite(made.weights).all()


def test_which_rows_apply():
    """The two tests above would pass if everything were an error."""
    stands = {row.name for row in VARIANTS.values() if not refused(variant=row.name)}
    assert {"hard", "sparsemax", "entmax15", "sigmoid", "alibi", "cosine", "top-k"} <= stands
    assert {"additive", "linformer", "multi-query", "sinusoidal", "differential"} & stands == set()


def refused(**change):
    try:
        run_model("llama", **change)
    except MisuseError:
        return True
    return False


@pytest.mark.parametrize(
    ("folder", "change", "says"),
    [
        ("bert", {"variant": "linformer"}, "'linformer' computes its weights without scores"),
        ("bert", {"variant": "multi-query"}, "'multi-query' changes the head layout"),
        ("bert", {"variant": "differential"}, "'differential' changes the head layout"),
        ("bert", {"variant": "sinusoidal"}, "'sinusoidal' overrides no part of a model"),
        ("bert", {"score": "additive"}, r"'additive' needs trained parameters \(w_additive\)"),
        ("bert", {"positions": "sinusoidal"}, "is added to the embeddings.*such as rope"),
        ("bert", {"tunables": {"heads": 8}}, "heads cannot be set"),
        ("bert", {"tunables": {"window": 2}}, "has no tunable 'window'"),
        ("gpt2", {"variant": "causal"}, "'causal' changes nothing in '.*gpt2'"),
        ("t5", {"tunables": {"buckets": 64}}, "buckets.64.*needs trained parameters"),
        ("bert", {"variant": "hard", "at": (0, 3)}, "there is no layer 3; there are 0 to 2"),
        ("bert", {"ablate": "3.0"}, "there is no layer 3; there are 0 to 2"),
        ("bert", {"ablate": "1.4"}, "layer 1 has no head 4; there are 0 to 3"),
        ("bert", {"ablate": "1"}, "should be LAYER.HEAD, as in 5.7,3.*"),
        ("bert", {"select_layers": [3]}, "there is no layer 3; there are 0 to 2"),
        ("bert", {"select_heads": [4]}, "there is no head 4; there are 0 to 3"),
    ],
)
def test_errors_come_before_the_model_runs(folder, change, says, monkeypatch):
    from attnviz.sources.model.checkpoint import Checkpoint

    monkeypatch.setattr(Checkpoint, "run", None)
    with pytest.raises(MisuseError, match=says):
        run_model(folder, "encoder" if folder == "t5" else "self", **change)


def test_a_trained_table_can_be_used_with_other_tunables():
    """The shape of T5's table of buckets does not depend on its maximum distance."""
    plain, made = (run_model("t5", "encoder", tunables=t) for t in (None, {"max_distance": 40}))
    assert not np.allclose(plain.weights, made.weights, atol=1e-4)
    assert made.meta["intervention"] == "max_distance = 40"


def test_rope_can_be_removed():
    made = run_model("llama", positions="none")
    assert "rope" not in made.meta["algebra"]
    assert "rope" in run_model("llama").meta["algebra"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"variant": "hard"}, "hard"),
        ({"variant": "hard", "at": (0, 2)}, "hard in layer 0, 2"),
        ({"temperature": 0.5, "mask": "window(2)"}, "mask window(2), temperature 0.5"),
        ({"ablate": "1.0,1.2,2.*"}, "head 1.0 ablated; head 1.2 ablated; layer 2 ablated"),
        ({"variant": "hard", "at": (1,), "ablate": "0.3"}, "hard in layer 1; head 0.3 ablated"),
    ],
)
def test_the_metadata_and_the_title_describe_the_change(change, said):
    made = run_model("bert", **change)
    assert made.meta["intervention"] == said
    assert made.title == f"bert, modified: {said}"


def test_parsing_of_ablated_heads():
    assert parse_heads("5.7, 5.9,3.*") == {5: (7, 9), 3: None}
    assert parse_heads("3.*,3.1") == {3: None}


def test_a_misspelt_part_of_an_intervention_is_refused():
    from inspect import signature

    from attnviz.core.compose.compose import compose
    from attnviz.core.compose.interventions import PARTS, Intervention

    assert list(PARTS) == [name for name in signature(compose).parameters if name != "variant"]
    with pytest.raises(MisuseError, match="Did you mean 'mask'"):
        Intervention(parts={"maks": "causal"})
