"""Each config key, changed one at a time, is followed as transformers does, or refused by name.

The results of transformers are in tests/models/sweep.json (tests/checkpoints/sweep.py).
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from attnviz.errors import AttnvizError
from attnviz.sources.model.feature_checks import check_features
from attnviz.sources.model.size_checks import check_sizes
from tests.sources.reference import MODELS, RecordingAttend, encoding_of_ids, open_model
from tests.sources.weight_samples import IDS, TARGET_IDS, sample_weights, with_change

TABLE = json.loads((MODELS / "sweep.json").read_text())
TOLERANCE = 2e-5  # of weights in float32
# Errors of transformers about values that do not act on the model: of a type that it did not
# expect, or settings of RoPE for a model without RoPE.
STRICT = ("StrictDataclassFieldValidationError", "StrictDataclassClassValidationError", "KeyError")
# transformers fails: use_sliding_window = false turns off what layer_types has.
# Embeddings of languages are only added by transformers when languages are given.
CONTRADICTIONS = {
    ("qwen2-sliding", "use_sliding_window"),
    ("qwen2_moe", "use_sliding_window"),
    ("xlm", "n_langs"),
}


def run(model, key, value):
    """Samples of the weights of a checkpoint with a changed config, by kind of attention."""
    values = with_change(model.files.read_document("config.json"), key, value)
    changed = replace(model, config=model.family.config(values))
    check_features(changed.config, changed.family)
    check_sizes(changed.stacks, changed.tensors)
    attend = RecordingAttend()
    target = encoding_of_ids(TARGET_IDS) if len(changed.stacks) > 1 else None
    changed.run(encoding_of_ids(IDS), attend, target=target)
    return {kind: sample_weights(layers) for kind, layers in attend.weights.items()}


def describe_difference(name, model, row, unchanged):
    """What is wrong with a row, or None: neither followed nor refused by name."""
    key = row["key"]
    try:
        samples = run(model, key, row["value"])
    except AttnvizError as error:
        names = {key.rpartition(".")[2], "tensor '", "accepts at most"}
        names |= set(row["value"]) if isinstance(row["value"], dict) else set()
        is_named = any(part in str(error) for part in names)
        return None if is_named else f"refused without its name: {error}"
    expected = unchanged if row["result"] == "same" else row["result"]
    if isinstance(expected, str):
        is_strict = expected in STRICT or (name, key) in CONTRADICTIONS
        return None if is_strict else f"runs; transformers: {expected}"
    worst = max(
        float(np.abs(np.subtract(samples[kind], values)).max())
        for kind, values in expected.items()
    )
    return None if worst < TOLERANCE else f"differs by {worst:.2g}"


@pytest.mark.filterwarnings("ignore:config.json")  # layers that do not run
@pytest.mark.parametrize("name", TABLE)
def test_each_config_key_is_followed_or_refused(name):
    unchanged, *rows = TABLE[name]
    assert len(rows) > 20
    model = open_model(name)
    differences = {
        f"{row['key']} = {json.dumps(row['value'])}": difference
        for row in rows
        if (difference := describe_difference(name, model, row, unchanged["result"]))
    }
    assert not differences
