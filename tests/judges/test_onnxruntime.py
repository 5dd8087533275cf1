"""Weights against onnxruntime's Attention, a separate program in another language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from attnviz.core.biases import SoftCap
from attnviz.core.engine.attend import attend
from attnviz.core.variants import find_variant
from tests.judges.reference_packages import call, judge_case

onnx = call("onnx", "1.22.0")
runtime = call("onnxruntime")

N_CASE = 2400
PLAIN = find_variant("scaled-dot")
# Scores stay below 10, or grow so far that rows are almost one-hot.
MAGNITUDES = {1.0: 2e-6, 1e2: 1e-5, 1e7: 1e-5}


@dataclass(frozen=True)
class Setting:
    """Attributes of a graph; its sizes are dynamic."""

    causal: bool
    cap: float
    scale: float
    mask: str  # none, bool or float
    past: bool


SETTINGS = tuple(
    Setting(*choice)
    for choice in product(
        (False, True), (0.0, 2.0), (0.0, 0.3), ("none", "bool", "float"), (False, True)
    )
)


@cache
def session(setting):
    """One compiled graph: weights (mode 3) and output of one Attention node."""
    kind = onnx.TensorProto
    names = {"Q": kind.FLOAT, "K": kind.FLOAT, "V": kind.FLOAT}
    if setting.mask != "none":
        names["attn_mask"] = kind.BOOL if setting.mask == "bool" else kind.FLOAT
    if setting.past:
        names |= {"past_key": kind.FLOAT, "past_value": kind.FLOAT}
    slots = ("Q", "K", "V", "attn_mask", "past_key", "past_value")
    given = [slot if slot in names else "" for slot in slots]
    while not given[-1]:
        given.pop()
    present = ["present_key", "present_value"] if setting.past else ["", ""]
    results = ["Y", *present, "weights"]
    attributes = {"softcap": setting.cap} | ({"scale": setting.scale} if setting.scale else {})
    node = onnx.helper.make_node(
        "Attention",
        given,
        results,
        is_causal=int(setting.causal),
        qk_matmul_output_mode=3,
        **attributes,
    )
    inputs = [
        onnx.helper.make_tensor_value_info(name, kind, [None] * 4) for name, kind in names.items()
    ]
    outputs = [
        onnx.helper.make_tensor_value_info(name, kind.FLOAT, [None] * 4)
        for name in results
        if name
    ]
    graph = onnx.helper.make_graph([node], "judge", inputs, outputs)
    opset = [onnx.helper.make_opsetid("", 23)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # it warns of a guessed shape of the weights
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@dataclass(frozen=True)
class Trial:
    """One random case: its graph, its arrays, the magnitude of its scores."""

    setting: Setting
    arrays: dict
    magnitude: float

    @property
    def n_past(self):
        return self.arrays["past_key"].shape[2] if self.setting.past else 0

    @property
    def excluded(self):
        """A single query among several new keys with a past: the judge ignores the causal mask.

        (It takes the query for the last of all keys, as when a model decodes token by token.)
        """
        one, several = self.arrays["Q"].shape[2] == 1, self.arrays["K"].shape[2] > 1
        return self.setting.causal and self.setting.past and one and several


def trial(number):
    """Random case of this number: shared heads, masks with empty rows, odd sizes."""
    rng = np.random.Generator(np.random.Philox(key=number))
    setting = SETTINGS[number % len(SETTINGS)]
    batch, kv_head, group, n_query, n_new, d, width = rng.integers(1, [3, 4, 4, 7, 8, 9, 9])
    n_past = int(rng.integers(1, 6)) if setting.past else 0
    n_key, n_head = int(n_new) + n_past, int(kv_head * group)
    magnitude = float(rng.choice(list(MAGNITUDES)))

    def numbers(*shape):
        return rng.normal(size=shape).astype(np.float32)

    arrays = {
        "Q": numbers(batch, n_head, n_query, d) * np.float32(magnitude),
        "K": numbers(batch, kv_head, n_new, d),
        "V": numbers(batch, kv_head, n_new, width),
    }
    if setting.past:
        arrays["past_key"] = numbers(batch, kv_head, n_past, d)
        arrays["past_value"] = numbers(batch, kv_head, n_past, width)
    if setting.mask != "none":
        is_visible = (
            rng.random((rng.choice([1, batch]), rng.choice([1, n_head]), n_query, n_key)) < 0.6
        )
        added = np.where(is_visible, numbers(*is_visible.shape), np.float32(-np.inf))
        arrays["attn_mask"] = is_visible if setting.mask == "bool" else added
    return Trial(setting, arrays, magnitude)


def ours(trial):
    """Our weights and output for the same case."""
    setting, arrays = trial.setting, trial.arrays
    query, key, value = arrays["Q"], arrays["K"], arrays["V"]
    if setting.past:
        key = np.concatenate([arrays["past_key"], key], axis=2)
        value = np.concatenate([arrays["past_value"], value], axis=2)
    visible = np.ones((*query.shape[:3], key.shape[2]), dtype=bool)
    if setting.causal:
        rows, columns = np.arange(query.shape[2])[:, None], np.arange(key.shape[2])
        visible &= columns <= rows + trial.n_past
    mask, bias = arrays.get("attn_mask"), None
    if setting.mask == "bool":
        visible &= mask
    elif setting.mask == "float":
        visible &= mask > -np.inf
        bias = np.where(mask > -np.inf, mask, 0.0)
    variant = replace(PLAIN, bias=(SoftCap(cap=setting.cap),)) if setting.cap else PLAIN
    scale = setting.scale or None
    return attend(query, key, value, variant=variant, mask=visible, bias=bias, scale=scale)


def theirs(trial):
    """The judge's output and weights."""
    return session(trial.setting).run(["Y", "weights"], trial.arrays)


def test_random_cases():
    deviations, excluded, empty = [], 0, 0
    for number in range(N_CASE):
        case = trial(number)
        if case.excluded:
            excluded += 1
            continue
        (output, weights), computed = theirs(case), ours(case)
        allowed = MAGNITUDES[case.magnitude]
        # Values reach about 4, and so does what an error of the weights does to the output.
        off = max(
            np.abs(weights - computed.weights).max(), np.abs(output - computed.output).max() / 4
        )
        deviations.append(judge_case("onnxruntime attention", str(number), float(off), allowed))
        empty += int((computed.weights.sum(-1) == 0).any())
    assert [line for line in deviations if line] == []
    assert len(deviations) >= 2000 and excluded < N_CASE // 10 and empty > 200


def test_excluded_cases_are_a_fault_of_the_judge():
    """Once the judge is repaired, this test fails, and the exclusion can go."""
    number = next(n for n in range(N_CASE) if trial(n).excluded and hides(trial(n)))
    case = trial(number)
    _, weights = theirs(case)
    future = np.arange(weights.shape[-1]) > case.n_past
    assert np.abs(weights[..., future]).max() > 0, "it attends to later keys"


def hides(case):
    """Only the causal mask applies here."""
    return case.setting.mask == "none" and case.magnitude == 1.0


def heads_tiled(case):
    """N9: key heads in another order than query heads share them."""
    return {name: case.arrays[name][:, ::-1] for name in ("K", "V")}, {}


def past_forgotten(case):
    """N6: the causal rule counts from the first key, not from the first new one."""
    joined = {
        "K": np.concatenate([case.arrays["past_key"], case.arrays["K"]], axis=2),
        "V": np.concatenate([case.arrays["past_value"], case.arrays["V"]], axis=2),
    }
    return joined, {"past": False}


def cap_left_out(case):
    """N8's neighbour: scores are not capped."""
    del case
    return {}, {"cap": 0.0}


FAULTS = (
    (heads_tiled, lambda case: case.arrays["K"].shape[1] > 1 and not case.setting.past),
    (past_forgotten, lambda case: case.setting.causal and case.setting.past),
    (cap_left_out, lambda case: case.setting.cap and case.magnitude > 1),
)


@pytest.mark.parametrize(("fault", "shows"), FAULTS, ids=lambda f: f.__name__)
def test_the_judge_detects_faults(fault, shows):
    case = next(t for t in map(trial, range(N_CASE)) if shows(t) and differs(fault, t))
    assert np.abs(broken(fault, case).weights - theirs(case)[1]).max() > 1e-3


def broken(fault, case):
    """Our result with this fault."""
    arrays, setting = fault(case)
    return ours(
        replace(case, arrays=case.arrays | arrays, setting=replace(case.setting, **setting))
    )


def differs(fault, case):
    """Whether the fault changes anything in this case."""
    return (
        not case.excluded and np.abs(broken(fault, case).weights - ours(case).weights).max() > 0.01
    )
