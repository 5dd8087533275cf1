"""Operator test cases in the ONNX package: a model, its inputs, the expected outputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.judges.reference_packages import call, judge_case

# Before 1.22 the stored outputs were wrong in known ways; after it they are no longer stored.
onnx = call("onnx", "1.22.0")
FOLDER = Path(onnx.__file__).parent / "backend/test/data/node"
ALLOWED = {"float32": 2e-6, "float16": 2e-3}


@dataclass(frozen=True)
class Case:
    """One stored case of one operator, with its arrays in the order of the operator's slots."""

    name: str
    attributes: dict[str, Any]
    inputs: list[Any]  # None where a slot is left out
    outputs: list[Any]

    def get(self, index, default=None):
        """The input at this index, where there is one."""
        return self.inputs[index] if index < len(self.inputs) else default


def cases(prefix):
    """All cases of an operator, the expanded ones left out, in the order of their names."""
    file_names = sorted(path.name for path in FOLDER.glob(f"test_{prefix}*"))
    return [
        case(name) for name in file_names if not name.endswith(("_expanded", "_expanded_ver18"))
    ]


def case(name):
    """One case, read from its folder."""
    model = onnx.load(FOLDER / name / "model.onnx")
    (node,) = model.graph.node
    read = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    def arrays(kind, slots, names):
        files = iter(range(len(names)))
        data = FOLDER / name / "test_data_set_0"
        return [
            onnx.numpy_helper.to_array(onnx.load_tensor(data / f"{kind}_{next(files)}.pb"))
            if slot
            else None
            for slot in slots
        ]

    return Case(
        name,
        read,
        arrays("input", node.input, model.graph.input),
        arrays("output", node.output, model.graph.output),
    )


def verdicts(kind, every, compute):
    """Deviations, one per wrong case. compute(case) returns outputs, None for unsupported ones."""
    deviations = []
    for one in every:
        expected = one.outputs[0]
        allowed = ALLOWED[expected.dtype.name]
        pairs = [
            (result, stored)
            for result, stored in zip(compute(one), one.outputs, strict=True)
            if result is not None and stored is not None
        ]
        wrong = max(distance(result, stored) for result, stored in pairs)
        deviations.append(judge_case(kind, one.name, wrong, allowed))
    return [line for line in deviations if line]


def distance(result, expected):
    """The largest difference; infinities must be the same, NaN is never near, shapes must fit."""
    if result.shape != expected.shape:
        return np.inf
    result, expected = result.astype(np.float64), expected.astype(np.float64)
    if not np.array_equal(np.isfinite(result), np.isfinite(expected)):
        return np.inf
    finite = np.isfinite(expected)
    if not np.array_equal(result[~finite], expected[~finite]):
        return np.inf
    return float(np.abs(result[finite] - expected[finite]).max(initial=0.0))
