"""Names that people type for a mechanism: aliases, suffixes, and what a lookup imports."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from attnviz.core.variants import CLASSICS, FAMILIES, VARIANTS, find_variant, search_variants
from attnviz.errors import UnknownNameError
from attnviz.lookup import names_of

TYPED = {
    "scaled-dot": (
        "scaled_dot scaled-dot-product scaled-dot-product-attention sdpa vanilla basic attention "
        "vanilla-attention flash flash-attention FlashAttention softmax-attention"
    ),
    "dot": "dot-product dot-product-attention luong-dot multiplicative-attention",
    "multihead": (
        "MultiHead multi-head multi-head-attention multihead-attention MultiheadAttention "
        "multi_head_attention transformer mha multi-head-self-attention"
    ),
    "self": "self-attention selfattention bidirectional encoder encoder-self-attention",
    "cross": "cross-attention CrossAttention encoder-decoder encoder-decoder-attention",
    "causal": (
        "autoregressive causal-attention causal-self-attention masked-self-attention masked "
        "masked-multi-head-attention masked-attention decoder unidirectional"
    ),
    "additive": "bahdanau bahdanau-attention luong-concat pointer pointer-network concat",
    "global": "luong-general luong global-attention general",
    "local": "local-attention local-m luong-local",
    "soft": "soft-attention",
    "hard": "hard-attention",
    "linear": "linear-attention linear-transformer LinearAttention",
    "sliding-window": "swa window window-attention sliding-window-attention sliding_window",
    "sparse-strided": "sparse sparse-attention sparse-transformer",
    "grouped-query": "gqa grouped-query-attention",
    "multi-query": "mqa multi-query-attention",
    "latent": "mla multi-head-latent-attention latent-attention",
    "entmax15": "entmax entmax-1.5 entmax15-attention",
    "t5": "t5-bias relative-position-bias relative-buckets",
    "shaw": "relative relative-position relative-positions",
    "rope": "rotary roformer rotary-embedding rotary-position-embedding",
    "mamba-2": "mamba mamba2 state-space ssd",
    "differential": "diff diff-transformer differential-attention",
    "structured-self": "structured-self-attention self-attentive",
    "matrix-tree": "structured structured-attention",
    "swin": "w-msa swin-transformer",
    "top-k": "topk",
    "softmax-one": "softmax1 softmax-1",
    "inverted": "slot-attention slot",
    "indexed": "dsa lightning-indexer deepseek-sparse-attention",
    "cope": "contextual-positions",
}
PAIRS = [(typed, row) for row, names in TYPED.items() for typed in names.split()]


@pytest.mark.parametrize(("typed", "row"), PAIRS, ids=lambda value: value)
def test_usual_names_are_found(typed, row):
    assert find_variant(typed).name == row


def test_case_and_word_separators_do_not_matter():
    for typed in ("flash attention", " Flash_Attention ", "FLASH-ATTENTION"):
        assert find_variant(typed).name == "scaled-dot"


def test_every_name_can_have_the_suffix_attention():
    for row in VARIANTS.values():
        assert find_variant(f"{row.name}attention") is row
        for name in names_of(row):
            assert find_variant(f"{name}-attention") is row, name


@pytest.mark.parametrize("name", ["-attention", "self-", "atention-", "", "attentionattention-"])
def test_a_suffix_needs_a_name_before_it(name):
    with pytest.raises(UnknownNameError, match="unknown variant"):
        find_variant(name)


def test_the_classics_are_ten_rows():
    assert len(set(CLASSICS)) == len(CLASSICS) == 10
    assert {find_variant(name).name for name in CLASSICS} == set(CLASSICS)


def test_a_search_reads_names_aliases_groups_and_summaries():
    assert [row.name for row in search_variants("Householder")] == ["path"]
    assert {row.group for row in search_variants("monotonic")} >= {"monotonic"}
    assert search_variants("") == search_variants("qqqqq") == []


def test_a_later_lookup_reads_no_source(monkeypatch):
    find_variant("dot")
    monkeypatch.setattr(Path, "read_text", lambda *_: pytest.fail("a source is read again"))
    assert find_variant("sinkhorn").name == "sinkhorn"


IMPORTS = """
import sys
from attnviz.core.variants import find_variant
assert find_variant({name!r}).name == {row!r}
prefix = "attnviz.core.variants."
print(*sorted(name.removeprefix(prefix) for name in sys.modules if name.startswith(prefix)))
"""


def imported_families(name, row):
    """The families that a new process imports to find this row."""
    program = [sys.executable, "-c", IMPORTS.format(name=name, row=row)]
    result = subprocess.run(program, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize(
    ("name", "row", "families"),
    [
        ("sinkhorn", "sinkhorn", {"structured"}),
        ("multihead", "multihead", {"basics"}),
        ("Linear_Attention", "linear", {"linear"}),
    ],
)
def test_a_lookup_imports_the_family_of_its_row_only(name, row, families):
    assert imported_families(name, row) == families


def test_a_name_that_no_source_quotes_imports_all():
    assert imported_families("sinkhorn-attention", "sinkhorn") == {*FAMILIES, "plugins"}


def test_the_catalogue_is_a_mapping_of_names_to_rows():
    assert isinstance(VARIANTS, Mapping)
    names, rows = list(VARIANTS), list(VARIANTS.values())
    assert names == [row.name for row in rows]
    assert len(VARIANTS) == len(VARIANTS.values()) == len(rows) == len(set(names))
    assert dict(VARIANTS) == dict(VARIANTS.items()) == dict(zip(names, rows, strict=True))
    assert VARIANTS["causal"] is find_variant("causal")


def test_aliases_and_other_spellings_are_keys_too():
    for name in ("sdpa", "SDPA", "flash attention", "Causal"):
        assert name in VARIANTS
        assert VARIANTS[name] is VARIANTS.get(name) is find_variant(name)


@pytest.mark.parametrize("name", ["casual", "", 3, None, ("causal",)])
def test_what_is_no_key_of_the_catalogue(name):
    assert name not in VARIANTS
    assert VARIANTS.get(name) is None
    with pytest.raises(KeyError) as caught:
        VARIANTS[name]
    assert isinstance(caught.value, UnknownNameError)
    assert str(caught.value)[0] not in "\"'" or not isinstance(name, str)
    if name == "casual":
        assert str(caught.value) == "unknown variant 'casual'. Did you mean 'causal'?"


def test_the_catalogue_represents_itself_by_its_classics():
    lines = repr(VARIANTS).splitlines()
    assert lines[0] == f"<{len(VARIANTS)} variants of attention by name, among them"
    assert [line.split()[0] for line in lines[1:-1]] == list(CLASSICS)
    assert all(len(line) <= 100 for line in lines)
