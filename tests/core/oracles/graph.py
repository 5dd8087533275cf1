"""Oracles of graph attention, one pair of nodes at a time."""

from tests.core.oracles.loops import by_rows, inner


def leaky(x):
    return x if x > 0 else 0.2 * x


def gat(variant, inputs, h, q, k):
    of_query = inner(inputs.params["a_gat"][h], inputs.query[h, q])
    return leaky(of_query + inner(inputs.params["b_gat"][h], inputs.key[h, k]))


def gatv2(variant, inputs, h, q, k):
    pairs = zip(inputs.query[h, q], inputs.key[h, k], strict=True)
    return inner(inputs.params["a_gatv2"][h], [leaky(float(x) + float(y)) for x, y in pairs])


ORACLES = {"gat": by_rows(gat), "gatv2": by_rows(gatv2)}
