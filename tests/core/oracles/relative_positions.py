"""Scores that know the distance, one query and one key at a time."""

import math

from tests.core.oracles.bahdanau_luong import sinusoid
from tests.core.oracles.loops import by_rows, dot, inner, matvec, scaled_dot


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softplus(x):
    return math.log(1 + math.exp(x))


def place(inputs, q):
    """The query's position among the keys."""
    return q + inputs.key.shape[1] - inputs.query.shape[1]


def plus(term):
    """The scaled dot product and one more term."""

    def score(variant, inputs, h, q, k):
        return scaled_dot(variant, inputs, h, q, k) + term(variant, inputs, h, place(inputs, q), k)

    return score


def alibi(variant, inputs, h, i, j):
    return -(2.0 ** (-8 * (h + 1) / inputs.query.shape[0])) * abs(i - j)


def kerple_log(variant, inputs, h, i, j):
    price, pace = (softplus(float(inputs.learned[f"{n}_log"][h])) for n in ("price", "pace"))
    return -price * math.log(1 + pace * abs(i - j))


def kerple_power(variant, inputs, h, i, j):
    price = softplus(float(inputs.learned["price_power"][h]))
    power = 2 * sigmoid(float(inputs.learned["power_power"][h]))
    return -price * abs(i - j) ** power if i != j else 0.0


def network(inputs, suffix, h, x):
    w, b, v, c = (inputs.learned[f"{n}_{suffix}"][h] for n in "wbvc")
    hidden = [max(float(a) * x + float(e), 0.0) for a, e in zip(w, b, strict=True)]
    return inner(v, hidden) + float(c)


def fire(variant, inputs, h, i, j):
    pace = abs(float(inputs.learned["pace_fire"][h]))
    least = abs(float(inputs.learned["threshold_fire"][h])) * 512
    near, far = max(i - j, 0), max(least, i)
    share = math.log(pace * near + 1) / math.log(pace * far + 1)
    return network(inputs, "fire", h, share)


def sandwich(variant, inputs, h, i, j):
    paces = [10000 ** (-2 * t / 128) for t in range(64)]
    ratio = 8 * (h + 1) / inputs.query.shape[0]
    return sum(math.cos((i - j) * pace) for pace in paces) / ratio


def log_distance(variant, inputs, h, i, j):
    size = math.log(1 + abs(j - i))
    return network(inputs, "log_distance", h, -size if j < i else size)


def forgetting(variant, inputs, h, i, j):
    kept = 0.0
    for at in range(j + 1, i + 1):
        opening = inner(inputs.learned["w_forget"][h], inputs.key_input[at])
        kept += math.log(sigmoid(opening + float(inputs.learned["b_forget"][h])))
    return kept


def shaw(variant, inputs, h, q, k):
    table, reach = inputs.learned["a_relative"][h], variant.score.farthest
    step = min(max(k - place(inputs, q), -reach), reach)
    moved = [
        float(x) + float(a) for x, a in zip(inputs.key[h, k], table[step + reach], strict=True)
    ]
    return inner(inputs.query[h, q], moved) / math.sqrt(len(moved))


def transformer_xl(variant, inputs, h, q, k):
    d = inputs.query.shape[-1]
    u, v, w = (inputs.learned[f"{n}_xl"][h] for n in "uvw")
    step = place(inputs, q) - k
    wave = sinusoid(abs(step), d)
    if step < 0:  # sines change their sign, cosines do not
        wave = [x if t % 2 else -x for t, x in enumerate(wave)]
    content = inner(
        [float(x) + float(y) for x, y in zip(inputs.query[h, q], u, strict=True)], inputs.key[h, k]
    )
    distance = inner(
        [float(x) + float(y) for x, y in zip(inputs.query[h, q], v, strict=True)], matvec(w, wave)
    )
    return (content + distance) / math.sqrt(d)


def untied(variant, inputs, h, q, k):
    places = inputs.learned["p_untied"][h]
    of_query = matvec(inputs.learned["w_untied"][h], places[place(inputs, q)])
    of_key = matvec(inputs.learned["u_untied"][h], places[k])
    both = dot(variant, inputs, h, q, k) + inner(of_query, of_key)
    return both / math.sqrt(2 * inputs.query.shape[-1])


def t5(variant, inputs, h, q, k):
    """Up to 8 steps each distance has a bucket; from there to 128 they grow by a factor."""
    step = k - place(inputs, q)
    number = abs(step)
    if number >= 8:
        number = min(8 + math.floor(math.log(number / 8) / math.log(128 / 8) * 8), 15)
    number += 16 if step > 0 else 0
    return dot(variant, inputs, h, q, k) + float(inputs.learned["bucket_bias"][h][number])


def deberta(variant, inputs, h, q, k):
    far = variant.score.farthest
    at = min(max(place(inputs, q) - k + far, 0), 2 * far - 1)
    content_to_place = inner(inputs.query[h, q], inputs.learned["place_key"][h][at])
    place_to_content = inner(inputs.key[h, k], inputs.learned["place_query"][h][at])
    total = dot(variant, inputs, h, q, k) + content_to_place + place_to_content
    return total / math.sqrt(3 * inputs.query.shape[-1])


ORACLES = {
    "alibi": by_rows(plus(alibi)),
    "t5": by_rows(t5),
    "kerple-log": by_rows(plus(kerple_log)),
    "kerple-power": by_rows(plus(kerple_power)),
    "fire": by_rows(plus(fire)),
    "sandwich": by_rows(plus(sandwich)),
    "log-cpb": by_rows(plus(log_distance)),
    "shaw": by_rows(shaw),
    "transformer-xl": by_rows(transformer_xl),
    "tupe": by_rows(untied),
    "deberta": by_rows(deberta),
    "forgetting": by_rows(plus(forgetting)),
}
