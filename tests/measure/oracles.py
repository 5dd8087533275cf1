"""Measures by loops over numbers, from their formulas: ORACLES has one per row of MEASURES.

An oracle takes a map and one head of it, as lists, and returns a number or None.
"""

from __future__ import annotations

from math import log2

from attnviz.measures.table import SINK_PATTERNS, WITHOUT_SINK
from tests.measure.maps import with_nothing

CLAUSE_ENDS = ".,"
PUNCTUATION = ".,-"


class Head:
    """One head as lists: weights and visible [query][key], tokens, positions."""

    def __init__(self, amap, layer, head):
        self.amap, self.layer, self.head = amap, layer, head
        self.weights = amap.weights[layer, head].tolist()
        n_query, n_key = len(amap.queries), len(amap.keys)
        shown = amap.visible
        self.visible = [
            [shown is None or bool(shown[-1 if len(shown) == 1 else layer, 0, q, k])
             for k in range(n_key)]
            for q in range(n_query)
        ]  # fmt: skip
        self.queries, self.keys = amap.queries, amap.keys
        self.is_one_text = amap.queries == amap.keys
        self.n_query, self.n_key = n_query, n_key

    @property
    def is_distribution(self):
        return all(w >= 0 for row in self.weights for w in row) and all(
            sum(row) <= 1 + 1e-9 for row in self.weights
        )

    def choices(self, q):
        """The visible keys of a query."""
        return [k for k in range(self.n_key) if self.visible[q][k]]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def bits(outcomes):
    return -sum(p * log2(p) for p in outcomes if p > 0)


def of_rows(value):
    """The mean of a value over the rows with weight, of distributions."""

    def oracle(h):
        if not h.is_distribution:
            return None
        rows = [q for q in range(h.n_query) if sum(h.weights[q]) > 0]
        return mean(value(h, q) for q in rows)

    return oracle


def entropy(h, q):
    return bits(with_nothing(h.weights[q]))


def highest(h, q):
    n = len(h.choices(q))
    if with_nothing(h.weights[q])[-1] > 0 or h.amap.row_sum == "at most 1":
        n += 1
    return log2(n) if n > 1 else 0.0


def normalized(h, q):
    return entropy(h, q) / highest(h, q) if highest(h, q) else 0.0


def diffuse(h):
    if not h.is_distribution:
        return None
    rows = [q for q in range(h.n_query) if len(h.choices(q)) > 1]
    return mean(2 ** entropy(h, q) / 2 ** highest(h, q) for q in rows)


def gini(h, q):
    """Half the mean difference of two weights, over their mean."""
    weights = [h.weights[q][k] for k in h.choices(q)]
    if not sum(weights):
        return 0.0
    apart = sum(abs(a - b) for a in weights for b in weights)
    return apart / (2 * len(weights) * sum(weights))


def distance(h):
    if not h.is_one_text:
        return None
    pairs = [(abs(w), abs(q - k)) for q, row in enumerate(h.weights) for k, w in enumerate(row)]
    return sum(w * d for w, d in pairs) / sum(w for w, _ in pairs)


def positional(h):
    """The variance of the means of diagonals, over the variance of weights."""
    if not h.is_one_text:
        return None
    by_offset = {}
    for q in range(h.n_query):
        for k in h.choices(q):
            by_offset.setdefault(k - q, []).append(h.weights[q][k])
    every = [w for weights in by_offset.values() for w in weights]
    center = mean(every)
    between = sum(len(ws) * (mean(ws) - center) ** 2 for ws in by_offset.values())
    return between / sum((w - center) ** 2 for w in every)


def symmetry(h):
    if not h.is_one_text or min(min(row) for row in h.weights) < 0:
        return None
    pairs = [
        (h.weights[i][j], h.weights[j][i])
        for i in range(h.n_query)
        for j in range(h.n_key)
        if i != j and h.visible[i][j] and h.visible[j][i]
    ]
    squares = sum(a * a for a, _ in pairs)
    return sum(a * b for a, b in pairs) / squares if squares else None


def agreement(h):
    """1 − the mean Jensen–Shannon divergence from the other heads of the layer."""
    others = [Head(h.amap, h.layer, j) for j in range(h.amap.n_head) if j != h.head]
    if not h.is_distribution or not others:
        return None
    return 1 - mean(divergence(h, other) for other in others)


def divergence(a, b):
    rows = []
    for q in range(a.n_query):
        if not sum(a.weights[q]) and not sum(b.weights[q]):
            continue
        p, r = with_nothing(a.weights[q]), with_nothing(b.weights[q])
        middle = [(x + y) / 2 for x, y in zip(p, r, strict=True)]
        rows.append(bits(middle) - (bits(p) + bits(r)) / 2)
    return mean(rows)


def is_delimiter(token):
    return token.piece == "[SEP]" or (not token.special and token.label in CLAUSE_ENDS)


def is_punctuation(token):
    return not token.special and token.label in PUNCTUATION


def earlier(h, q):
    """The earlier occurrences of a query's own token."""
    return [
        k for k in range(q)
        if h.is_one_text and h.keys[k].piece == h.queries[q].piece and not h.queries[q].special
    ]  # fmt: skip


KEYS = {  # the keys of a query, by the name of the measure
    "previous token": lambda h, q: [q - 1] if q and h.is_one_text else [],
    "next token": lambda h, q: [q + 1] if q + 1 < h.n_key and h.is_one_text else [],
    "self": lambda h, q: [q] if h.is_one_text else [],
    "first token": lambda h, q: [0] if q or not h.is_one_text else [],
    "special tokens": lambda h, q: [
        k for k in range(h.n_key) if h.keys[k].special and not h.queries[q].special
    ],
    "duplicate token": earlier,
    "induction": lambda h, q: [k + 1 for k in earlier(h, q) if k + 1 < q],
    "delimiter": lambda h, q: [
        k for k in range(h.n_key) if is_delimiter(h.keys[k]) and not is_delimiter(h.queries[q])
    ],
    "punctuation": lambda h, q: [
        k for k in range(h.n_key)
        if is_punctuation(h.keys[k]) and not is_punctuation(h.queries[q])
    ],
    "same word": lambda h, q: [
        k for k in range(h.n_key)
        if h.is_one_text and k != q and h.keys[k].word is not None
        and (h.keys[k].word, h.keys[k].segment) == (h.queries[q].word, h.queries[q].segment)
    ],
    "sink": lambda h, q: [k for k in sinks(h) if k != q or not h.is_one_text],
}  # fmt: skip


def sinks(h):
    return [k for k in range(h.n_key) if h.keys[k].special or (k == 0 and h.is_one_text)]


def on_keys(keys):
    """The mean weight on keys, of the rows that see one of them and another key."""

    def oracle(h):
        rows = []
        for q in range(h.n_query):
            seen = set(h.choices(q))
            if seen & set(keys(h, q)) and len(seen) > 1:
                rows.append(sum(h.weights[q][k] for k in keys(h, q)))
        return mean(rows)

    return oracle


def on_rest(keys):
    """The weight on keys as a share of the weight that is not on sinks."""

    def oracle(h):
        if min(min(row) for row in h.weights) < 0:
            return None
        part = rest = 0.0
        for q in range(h.n_query):
            seen = set(h.choices(q)) - set(sinks(h))
            wanted = seen & set(keys(h, q))
            if wanted and len(seen) > 1:
                part += sum(h.weights[q][k] for k in wanted)
                rest += sum(h.weights[q][k] for k in seen)
        return part / rest if rest else None

    return oracle


def between(a, b):
    def oracle(h):
        def members(tokens, segment):
            return [i for i, t in enumerate(tokens) if t.segment == segment and not t.special]

        if not all(members(tokens, s) for tokens in (h.queries, h.keys) for s in (0, 1)):
            return None
        return mean(
            sum(h.weights[q][k] for k in members(h.keys, b)) for q in members(h.queries, a)
        )

    return oracle


def top_share(h):
    if h.is_distribution:
        return None
    rows = [[abs(w) for w in row] for row in h.weights]
    return mean(max(row) / sum(row) for row in rows if sum(row) > 0)


ORACLES = {
    "entropy": of_rows(entropy),
    "normalized entropy": of_rows(normalized),
    "effective keys": of_rows(lambda h, q: 2 ** entropy(h, q)),
    "diffuse": diffuse,
    "top-1 mass": of_rows(lambda h, q: max(h.weights[q])),
    "top-5 mass": of_rows(lambda h, q: sum(sorted(h.weights[q])[-5:])),
    "top-1 share": top_share,
    "sparsity": of_rows(gini),
    "distance": distance,
    "positional share": positional,
    "symmetry": symmetry,
    "agreement": agreement,
    **{name: on_keys(keys) for name, keys in KEYS.items()},
    **{
        name + WITHOUT_SINK: on_rest(keys)
        for name, keys in KEYS.items()
        if name not in SINK_PATTERNS
    },
    "A to B": between(0, 1),
    "B to A": between(1, 0),
}
