"""Oracles of relative positions, one query and one key at a time."""

import math

from tests.core.oracles.bahdanau_luong import sinusoid
from tests.core.oracles.loops import by_rows, dot, inner, matvec, scaled_dot


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softplus(x):
    return math.log(1 + math.exp(x))


def query_position(inputs, q):
    """The query's position among the keys."""
    return q + inputs.key.shape[1] - inputs.query.shape[1]


def scaled_dot_plus(term):
    """Scaled dot product plus a term of the positions."""

    def score(variant, inputs, h, q, k):
        return scaled_dot(variant, inputs, h, q, k) + term(
            variant, inputs, h, query_position(inputs, q), k
        )

    return score


def alibi(variant, inputs, h, i, j):
    return -(2.0 ** (-8 * (h + 1) / inputs.query.shape[0])) * abs(i - j)


def kerple_log(variant, inputs, h, i, j):
    scale, rate = (softplus(float(inputs.params[f"{n}_log"][h])) for n in ("price", "pace"))
    return -scale * math.log(1 + rate * abs(i - j))


def kerple_power(variant, inputs, h, i, j):
    scale = softplus(float(inputs.params["price_power"][h]))
    exponent = 2 * sigmoid(float(inputs.params["power_power"][h]))
    return -scale * abs(i - j) ** exponent if i != j else 0.0


def mlp(inputs, suffix, h, x):
    w, b = (inputs.params[f"{n}_{suffix}"][0] for n in "wb")
    hidden = [max(float(a) * x + float(e), 0.0) for a, e in zip(w, b, strict=True)]
    return inner(inputs.params[f"v_{suffix}"][h], hidden)


def fire(variant, inputs, h, i, j):
    rate = abs(float(inputs.params["pace_fire"][0]))
    least = abs(float(inputs.params["threshold_fire"][0])) * 512
    near, far = max(i - j, 0), max(least, i)
    ratio = math.log(rate * near + 1) / math.log(rate * far + 1)
    return mlp(inputs, "fire", h, ratio) + float(inputs.params["c_fire"][h])


def sandwich(variant, inputs, h, i, j):
    frequencies = [10000 ** (-2 * t / 128) for t in range(64)]
    ratio = 8 * (h + 1) / inputs.query.shape[0]
    return sum(math.cos((i - j) * frequency) for frequency in frequencies) / ratio


def log_cpb(variant, inputs, h, i, j):
    """Coordinates of a window of 8 run from -8 to 8 before the logarithm."""
    size = math.log2(abs(j - i) * 8 / 7 + 1) / math.log2(8)
    return 16 * sigmoid(mlp(inputs, "log_distance", h, -size if j < i else size))


def forget_gate(variant, inputs, h, i, j):
    log_decay = 0.0
    for at in range(j + 1, i + 1):
        linear = inner(inputs.params["w_forget"][h], inputs.key_input[at])
        log_decay += math.log(sigmoid(linear + float(inputs.params["b_forget"][h])))
    return log_decay


def shaw(variant, inputs, h, q, k):
    table, most = inputs.params["a_relative"][h], variant.score.max_distance
    distance = min(max(k - query_position(inputs, q), -most), most)
    key = [
        float(x) + float(a) for x, a in zip(inputs.key[h, k], table[distance + most], strict=True)
    ]
    return inner(inputs.query[h, q], key) / math.sqrt(len(key))


def transformer_xl(variant, inputs, h, q, k):
    d = inputs.query.shape[-1]
    u, v, w = (inputs.params[f"{n}_xl"][h] for n in "uvw")
    distance = query_position(inputs, q) - k
    encoding = sinusoid(abs(distance), d)
    if distance < 0:  # sines change their sign, cosines do not
        encoding = [x if t % 2 else -x for t, x in enumerate(encoding)]
    content = inner(
        [float(x) + float(y) for x, y in zip(inputs.query[h, q], u, strict=True)], inputs.key[h, k]
    )
    position = inner(
        [float(x) + float(y) for x, y in zip(inputs.query[h, q], v, strict=True)],
        matvec(w, encoding),
    )
    return (content + position) / math.sqrt(d)


def tupe(variant, inputs, h, q, k):
    """The first two position vectors stand for "from [CLS]" and "to [CLS]"."""
    i = query_position(inputs, q)
    at_query, at_key = (0, 0) if i == 0 else (1, 1) if k == 0 else (i + 1, k + 1)
    positions = inputs.params["p_untied"][h]
    of_query = matvec(inputs.params["w_untied"][h], positions[at_query])
    of_key = matvec(inputs.params["u_untied"][h], positions[at_key])
    total = dot(variant, inputs, h, q, k) + inner(of_query, of_key)
    return total / math.sqrt(2 * inputs.query.shape[-1])


def t5(variant, inputs, h, q, k):
    """Distances below 8 have a bucket each; from there to 128 widths grow geometrically."""
    distance = k - query_position(inputs, q)
    bucket = abs(distance)
    if bucket >= 8:
        bucket = min(8 + math.floor(math.log(bucket / 8) / math.log(128 / 8) * 8), 15)
    bucket += 16 if distance > 0 else 0
    return dot(variant, inputs, h, q, k) + float(inputs.params["bucket_bias"][h][bucket])


def deberta(variant, inputs, h, q, k):
    most = variant.score.max_distance
    index = min(max(query_position(inputs, q) - k + most, 0), 2 * most - 1)
    c2p = inner(inputs.query[h, q], inputs.params["place_key"][h][index])
    p2c = inner(inputs.key[h, k], inputs.params["place_query"][h][index])
    total = dot(variant, inputs, h, q, k) + c2p + p2c
    return total / math.sqrt(3 * inputs.query.shape[-1])


ORACLES = {
    "alibi": by_rows(scaled_dot_plus(alibi)),
    "t5": by_rows(t5),
    "kerple-log": by_rows(scaled_dot_plus(kerple_log)),
    "kerple-power": by_rows(scaled_dot_plus(kerple_power)),
    "fire": by_rows(scaled_dot_plus(fire)),
    "sandwich": by_rows(scaled_dot_plus(sandwich)),
    "log-cpb": by_rows(scaled_dot_plus(log_cpb)),
    "shaw": by_rows(shaw),
    "transformer-xl": by_rows(transformer_xl),
    "tupe": by_rows(tupe),
    "deberta": by_rows(deberta),
    "forgetting": by_rows(scaled_dot_plus(forget_gate)),
}
