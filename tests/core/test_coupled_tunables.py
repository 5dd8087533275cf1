"""Tunables that belong together act together, and contradictions are refused."""

from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.compose.grammar import parse_mask, parse_part
from attnviz.core.engine.attend import attend
from attnviz.core.masks.strided import SummaryCells
from attnviz.core.positions import Rope
from attnviz.core.scales import Factor
from attnviz.core.scales.fixed import RootSumDim
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import VARIANTS, find_variant
from attnviz.errors import MisuseError

X = draw_uniform((11, 6), "tokens")


def distances(variant, **tunables):
    return attend(X, X, variant=variant, **tunables).weights > 0


@pytest.mark.parametrize("stride", [1, 2, 4, 6])
def test_one_stride_of_the_strided_pattern(stride):
    q, k = np.ogrid[:11, :11]
    expected = (k <= q) & ((q - k <= stride) | ((q - k) % stride == 0))
    np.testing.assert_array_equal(distances("sparse-strided", stride=stride), expected)


@pytest.mark.parametrize("block", [1, 2, 3, 5])
def test_one_block_of_the_fixed_pattern(block):
    q, k = np.ogrid[:11, :11]
    expected = (k <= q) & ((q // block == k // block) | (k % block == block - 1))
    np.testing.assert_array_equal(distances("sparse-fixed", block=block), expected)
    np.testing.assert_array_equal(distances("sparse-fixed", stride=block), expected)


def test_older_names_of_coupled_tunables():
    assert parse_mask("summary-cells(stride=3)") == SummaryCells(block=3)
    lsh = find_variant("lsh")
    assert lsh.with_tunables(buckets=6) == lsh.with_tunables(hash_buckets=6)


@pytest.mark.parametrize(
    ("terms", "n_product"), [("both", 3), ("c2p", 2), ("p2c", 2), ("none", 1)]
)
def test_the_scale_follows_the_terms_of_the_score(terms, n_product):
    deberta = find_variant("deberta")
    assert deberta.with_tunables(terms=terms).scale == RootSumDim(products=n_product)
    assert deberta.with_tunables(terms=terms, products=n_product).score.terms == terms
    with pytest.raises(MisuseError, match=f"sums of {n_product} products"):
        deberta.with_tunables(terms=terms, products=4)
    factor = replace(deberta, scale=Factor(scale=0.5))
    assert factor.with_tunables(terms=terms).scale == Factor(scale=0.5)


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("position", "rope-yarn(beta_fast=1, beta_slow=2)"),
        ("position", "rope-llama3(low_freq_factor=5, high_freq_factor=4)"),
        ("position", "rope-yarn(base=1)"),
        ("position", "rope-long(short_factor=abc)"),
        ("position", "rope(base=1e400)"),
        ("bias", "softcap(1e400)"),
        ("normalize", "lsh(5)"),
        ("score", "disentangled(log_buckets=1)"),
    ],
)
def test_a_contradiction_is_refused(slot, text):
    with pytest.raises(MisuseError):
        parse_part(slot, text)


@pytest.mark.parametrize("value", ["x", None, 1.5, float("nan"), [1], 10**400, object()])
def test_a_field_of_a_wrong_type_is_refused(value):
    with pytest.raises(MisuseError, match="rotary_dim"):
        Rope(rotary_dim=value)


def test_fields_are_converted_to_their_type():
    assert type(Rope(base=500, rotary_dim=np.int64(4)).base) is float
    assert type(Rope(rotary_dim=np.int64(4)).rotary_dim) is int


def test_a_tunable_of_two_parts_has_one_value():
    """Such as the columns of criss-cross attention: `--set` changes them together.

    Layers of a plan may differ, as the bases of RoPE in Gemma 3; their pipelines show it.
    """
    from attnviz.core.tunables import iter_tunables

    mechanisms = [layer for row in VARIANTS.values() for layer in row.layers or (row,)]
    for mechanism in mechanisms:
        values = {}
        for name, value in iter_tunables(mechanism.slots):
            assert values.setdefault(name, value) == value, (mechanism.name, name)
