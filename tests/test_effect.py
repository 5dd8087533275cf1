"""effect: the effects of ablated heads equal those of one run with --ablate per head."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from attnviz import effect, look, measure
from attnviz.api.head_effects import EFFECTS
from attnviz.core.engine.collectors import run_layer
from attnviz.errors import InvalidInputError, MisuseError, UnknownNameError
from attnviz.sources.forward_pass import build_forward_pass
from attnviz.sources.model import ablation_runs
from attnviz.sources.model.direct_effects import direct_effects, head_outputs
from attnviz.sources.model.head_effects import find_prediction
from attnviz.sources.model.logits import compute_logits
from tests.sources.reference import FOLDERS, MODELS, open_model

TEXT, TARGET = "the cat sat where the cat was", "a dog ran"
REPEATED = "apple river seven clock apple river seven"
WITHOUT_OUTPUT_MATRIX: list[tuple[str, str]] = []
KINDS = [(folder, kind) for folder in FOLDERS for kind in open_model(folder).attentions]


def options_of(folder, kind):
    """The options of a run with this kind of attention."""
    options = {"model": str(MODELS / folder)}
    if kind != "self":
        options["attention"] = kind
    if kind in ("decoder", "cross"):
        options["target"] = TARGET
    return options


def hidden_states(text, **options):
    """The hidden states of one run, with an intervention if any; as `look` runs it."""
    forward = build_forward_pass(text, None, **options)

    def attend(call):
        is_shown = call.kind == forward.kind
        variant = forward.variant_for(call) if is_shown else call.variant
        return run_layer(variant, call.inputs, call.value)

    return forward, forward.model.run(forward.encoding, attend, target=forward.target)


def log_probabilities(forward, hidden):
    """Logits and log-probabilities in float64.    [d] -> [V] twice"""
    stack = forward.model.stack_for(forward.kind)
    logits = compute_logits(forward.model, stack, hidden[None])[0].astype(np.float64)
    return logits, logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()


def by_ablation(text, layer, head, token_id, **options):
    """The measures of one head, from a run with --ablate."""
    forward, plain = hidden_states(text, **options)
    _, ablated = hidden_states(text, ablate=f"{layer}.{head}", **options)
    values = {}
    if token_id is None or "encoder" in (forward.kind, forward.model.kind):
        a, b = (x.astype(np.float64).mean(0) for x in (plain, ablated))
        values["cosine distance"] = 1 - a @ b / np.sqrt((a @ a) * (b @ b))
    if token_id is None:
        return values
    position = find_prediction(forward).positions[-1]
    z, p = log_probabilities(forward, plain[position])
    z_ablated, q = log_probabilities(forward, ablated[position])
    values["KL"] = (np.exp(p) * (p - q)).sum() / np.log(2)
    values["logit change"] = (z_ablated - z)[token_id]
    return values


def require_equal(effects, text, layer, head, **options):
    """The measures of one head equal those of a run with --ablate."""
    token_id = None if effects.token is None else effects.token["id"]
    expected = by_ablation(text, layer, head, token_id, **options)
    assert set(expected) == set(effects.values) - {"direct effect"}
    for name, value in expected.items():
        # products of other shapes round otherwise in float32, depending on the processor
        tolerance = 1e-5 + 5e-5 * abs(value)
        assert effects.values[name][layer, head] == pytest.approx(value, abs=tolerance), name


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_effects_equal_runs_with_ablate(folder, kind):
    options = options_of(folder, kind)
    if (folder, kind) in WITHOUT_OUTPUT_MATRIX:
        with pytest.raises(InvalidInputError, match="has no output matrix"):
            effect(TEXT, **options)
        return
    effects = effect(TEXT, **options)
    n_head = next(iter(effects.values.values())).shape[1]
    require_equal(effects, TEXT, 0, n_head - 1, **options)


@pytest.mark.parametrize("batch_tokens", [1, 20, 1024])
@pytest.mark.parametrize("group_numbers", [1, 2000, 1 << 26])
def test_all_heads_of_batches_and_groups_of_any_size(monkeypatch, batch_tokens, group_numbers):
    monkeypatch.setattr(ablation_runs, "BATCH_TOKENS", batch_tokens)
    monkeypatch.setattr(ablation_runs, "GROUP_NUMBERS", group_numbers)
    done = []
    effects = effect(REPEATED, model="induction", on_progress=lambda *n: done.append(n))
    for layer, head in np.ndindex(2, 4):
        require_equal(effects, REPEATED, layer, head, model="induction")
    assert done[-1] == (12, 12) and [n for n, _ in done] == sorted({n for n, _ in done})


def test_induction_heads_support_the_repeated_token():
    """Without the head of layer 0 that keeps a token on itself, they do not find it."""
    effects = effect(REPEATED, model="induction")
    assert effects.token["label"] == "clock"
    values = measure(look(REPEATED, model="induction"), "induction", "self")
    assert values["induction"][1].min() > 0.9 and values["induction"][0].max() < 0.1
    assert (effects.values["logit change"][1] < 0).all()
    first, second, third = ((row["layer"], row["head"]) for row in effects.ranked()[:3])
    assert values["self"][first] > 0.9 and second[0] == third[0] == 1


@pytest.mark.parametrize(
    ("text", "needs_layer_0_most"),
    [(REPEATED, True), ("the doctor window letter morning doctor window letter", False)],
)
def test_induction_heads_have_the_largest_direct_effects(text, needs_layer_0_most):
    effects = effect(text, model="induction")
    amap = look(text, model="induction")
    induction = measure(amap, "induction")["induction"]
    best = [(row["layer"], row["head"]) for row in effects.ranked("direct-effect")[:2]]
    assert all(induction[head] > 0.5 for head in best)
    # their ablation need not do the most: they depend on heads of the layer before
    first = effects.ranked()[0]
    assert first["layer"] == (0 if needs_layer_0_most else 1)
    assert np.abs(effects.values["direct effect"][0]).max() < 1


def test_direct_effects_of_heads_and_the_embedding_add_up_to_the_logit():
    # the model has attention only, and the projections have no bias
    forward = build_forward_pass(REPEATED, None, model="induction")
    run = ablation_runs.run_original(forward)
    effects = effect(REPEATED, model="induction")
    norm = run.stack.weights.norm_scale(run.stack.spec.final, 96)
    rows = forward.model.tensors.get("lm_head.weight", (1756, 96))
    embedded = run.inputs[0][-1] * norm.weight / norm.divisor(run.inputs[-1][-1])
    mlp = run.inputs[-1][-1] - run.inputs[0][-1] - sum_of_heads(run)
    assert np.abs(mlp).max() < 1e-4
    total = effects.values["direct effect"].sum() + embedded @ rows[effects.token["id"]]
    assert total == pytest.approx(effects.token["logit"], abs=1e-4)


def sum_of_heads(run):
    """What all heads add to the residual stream at the last position.    -> [d_model]"""
    return sum(head_outputs(run, layer, -1).sum(0) for layer in range(run.stack.n_layer))


@pytest.mark.parametrize("folder", ["gpt2", "llama", "gptj", "granite", "t5"])
def test_the_direct_effect_is_the_slope_of_the_logit_with_the_norm_frozen(folder):
    options = options_of(folder, "cross" if folder == "t5" else "self")
    forward = build_forward_pass(TEXT, None, **options)
    run = ablation_runs.run_original(forward)
    position, token_id = len(run.encoding.ids) - 1, 5
    effects = direct_effects(run, position, token_id)
    stack, residual = run.stack, run.inputs[-1][position].astype(np.float64)
    norm = stack.weights.norm_scale(stack.spec.final, len(residual))
    output = stack.final_norm(residual[None].astype(np.float32))[0]

    def logit(x):
        z = compute_logits(forward.model, stack, x[None].astype(np.float32))[0]
        return float(z[token_id])

    for layer, head in ((0, 0), (run.stack.n_layer - 1, 1)):
        added = head_outputs(run, layer, position)[head]
        moved = output + norm.center(added) * norm.weight / norm.divisor(residual)
        assert effects[layer, head] == pytest.approx(logit(moved) - logit(output), abs=1e-5)


@pytest.mark.parametrize(("folder", "kind"), [("gpt2", "self"), ("t5", "decoder")])
def test_the_logit_lens_is_the_output_of_each_layer(folder, kind):
    options = options_of(folder, kind)
    lens = effect(TEXT, lens=True, **options).lens
    forward = build_forward_pass(TEXT, None, **options)
    stack = forward.model.stack_for(kind)
    target = {} if forward.target is None else {"target": forward.target}
    final = hidden_states(TEXT, **options)[1][-1]
    p = log_probabilities(forward, final)[1]
    for row in lens[1:]:
        hidden = final
        if row["layer"] < stack.n_layer - 1:
            hidden = forward.model.run(
                forward.encoding,
                lambda call: run_layer(call.variant, call.inputs, call.value),
                last_layer=row["layer"],
                **target,
            )
            hidden = stack.final_norm(hidden[-1:])[0]
        z, q = log_probabilities(forward, hidden)
        assert row["top"] == forward.model.tokens_of_ids([z.argmax()]).tokens[0].label
        assert row["top_probability"] == pytest.approx(np.exp(q.max()), abs=1e-5)
        assert row["kl"] == pytest.approx((np.exp(p) * (p - q)).sum() / np.log(2), abs=1e-5)
        assert row["logit"] == pytest.approx(z[p.argmax()], abs=1e-5)


def test_a_uniform_head_gives_the_mean_of_the_values_of_visible_keys():
    run = ablation_runs.run_original(
        build_forward_pass(REPEATED, None, model="induction"), "uniform"
    )
    values = []
    forward = build_forward_pass(REPEATED, None, model="induction")

    def attend(call):
        values.append(call.value)
        return run_layer(call.variant, call.inputs, call.value)

    forward.model.run(forward.encoding, attend)
    n = np.arange(1, values[0].shape[1] + 1)
    for value, replaced in zip(values, run.replaced, strict=True):
        assert np.abs(replaced - value.cumsum(1) / n[:, None]).max() < 1e-5
    assert np.abs(run.replaced[1] - run.heads[1]).max() > 0.1
    zero, uniform = (effect(REPEATED, model="induction", replace=r) for r in ("zero", "uniform"))
    assert np.abs(zero.values["KL"] - uniform.values["KL"]).max() > 0.01


def test_a_chosen_token():
    effects = effect(REPEATED, model="induction", token="room")
    assert effects.token["label"] == "room" and effects.token["probability"] < 0.1
    require_equal(effects, REPEATED, 1, 1, model="induction")
    assert effect(REPEATED, model="induction", token=" room").token == effects.token


def test_an_intervention_is_part_of_the_original_run():
    effects = effect(REPEATED, model="induction", ablate="1.1")
    assert max(abs(values[1, 1]) for values in effects.values.values()) < 1e-6
    both = hidden_states(REPEATED, model="induction", ablate="1.0,1.1")[1]
    one = hidden_states(REPEATED, model="induction", ablate="1.1")
    _, p = log_probabilities(one[0], one[1][-1])
    _, q = log_probabilities(one[0], both[-1])
    expected = (np.exp(p) * (p - q)).sum() / np.log(2)
    assert effects.values["KL"][1, 0] == pytest.approx(expected, abs=1e-5)


@pytest.fixture
def masked_bert(tmp_path):
    """The tiny BERT, whose word "mat" is its mask token."""
    folder = shutil.copytree(MODELS / "bert", tmp_path / "bert")
    (folder / "tokenizer_config.json").write_text(json.dumps({"mask_token": "mat"}))
    return str(folder)


def test_a_masked_token(masked_bert):
    options = {"model": masked_bert}
    effects = effect("the mat sat on the mat", **options)
    assert set(effects.values) == {"KL", "logit change", "cosine distance"}
    assert effects.prediction["of"] == "masked token"
    assert "masked-LM head" in effects.no_direct
    assert effects.prediction["position"] == 6  # the last one
    require_equal(effects, "the mat sat on the mat", 0, 1, **options)


@pytest.mark.parametrize("name", [row.name for row in EFFECTS])
def test_the_order_is_by_magnitude(name):
    model = str(MODELS / "bert") if name == "cosine distance" else "induction"
    effects = effect(REPEATED, model=model)
    rows = effects.ranked(name)
    if name == next(iter(effects.values)):
        assert rows == effects.ranked()
    sizes = [abs(row["measures"][name]) for row in rows]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "effect needs model"),
        ({"model": "induction", "replace": "mean"}, "replace='mean' needs texts"),
        ({"model": "induction", "token": "xyzzy"}, "'xyzzy' is no single token of 'induction'"),
        ({"model": "induction", "predict": 3}, "predict has no effect on effect"),
        ({"model": str(MODELS / "bert"), "token": "cat"}, "it predicts no token of this text"),
    ],
    ids=str,
)
def test_refused(options, message):
    with pytest.raises((MisuseError, UnknownNameError), match=message):
        effect(TEXT, **options)
