"""Blocks of quantized numbers in plain loops, from the definition of each kind in ggml.

Each function takes the bytes of one block and returns its numbers.
"""

from __future__ import annotations

import struct


def half(block, at):
    """The float16 at a byte."""
    return struct.unpack_from("<e", block, at)[0]


def q8_0(b):
    return [half(b, 0) * q for q in struct.unpack_from("<32b", b, 2)]


def q4_0(b):
    low = [half(b, 0) * ((q & 15) - 8) for q in b[2:18]]
    return low + [half(b, 0) * ((q >> 4) - 8) for q in b[2:18]]


def q4_1(b):
    low = [half(b, 0) * (q & 15) + half(b, 2) for q in b[4:20]]
    return low + [half(b, 0) * (q >> 4) + half(b, 2) for q in b[4:20]]


def fifth_bits(b, at):
    bits = struct.unpack_from("<I", b, at)[0]
    return [(bits >> j & 1) << 4 for j in range(32)]


def q5_0(b):
    fifth, q = fifth_bits(b, 2), b[6:22]
    codes = [q[j] & 15 | fifth[j] for j in range(16)]
    codes += [q[j] >> 4 | fifth[j + 16] for j in range(16)]
    return [half(b, 0) * (code - 16) for code in codes]


def q5_1(b):
    fifth, q = fifth_bits(b, 4), b[8:24]
    codes = [q[j] & 15 | fifth[j] for j in range(16)]
    codes += [q[j] >> 4 | fifth[j + 16] for j in range(16)]
    return [half(b, 0) * code + half(b, 2) for code in codes]


def q2_k(b):
    scales, q, d, least = b[:16], b[16:80], half(b, 80), half(b, 82)
    numbers, group = [], 0
    for part in range(2):
        for shift in (0, 2, 4, 6):
            for start in (0, 16):
                scale = scales[group]
                group += 1
                for j in range(16):
                    code = q[32 * part + start + j] >> shift & 3
                    numbers.append(d * (scale & 15) * code - least * (scale >> 4))
    return numbers


def q3_k(b):
    high, q, packed, d = b[:32], b[32:96], b[96:108], half(b, 108)
    scales = []
    for i in range(16):
        low = packed[i] & 15 if i < 8 else packed[i - 8] >> 4
        scales.append((low | (packed[8 + i % 4] >> 2 * (i // 4) & 3) << 4) - 32)
    numbers, group = [], 0
    for part in range(2):
        for step in range(4):
            for start in (0, 16):
                for j in range(start, start + 16):
                    code = q[32 * part + j] >> 2 * step & 3
                    code -= 0 if high[j] >> (4 * part + step) & 1 else 4
                    numbers.append(d * scales[group] * code)
                group += 1
    return numbers


def scale_and_least(packed, j):
    """The 6-bit scale and minimum of a group, of Q4_K and Q5_K."""
    if j < 4:
        return packed[j] & 63, packed[j + 4] & 63
    scale = packed[j + 4] & 15 | packed[j - 4] >> 6 << 4
    return scale, packed[j + 4] >> 4 | packed[j] >> 6 << 4


def q4_k(b):
    d, least, packed, q = half(b, 0), half(b, 2), b[4:16], b[16:144]
    numbers = []
    for group in range(8):
        scale, minimum = scale_and_least(packed, group)
        for j in range(32):
            code = q[32 * (group // 2) + j] >> 4 * (group % 2) & 15
            numbers.append(d * scale * code - least * minimum)
    return numbers


def q5_k(b):
    d, least, packed, high, q = half(b, 0), half(b, 2), b[4:16], b[16:48], b[48:176]
    numbers = []
    for group in range(8):
        scale, minimum = scale_and_least(packed, group)
        for j in range(32):
            code = q[32 * (group // 2) + j] >> 4 * (group % 2) & 15
            code |= (high[j] >> group & 1) << 4
            numbers.append(d * scale * code - least * minimum)
    return numbers


def q6_k(b):
    low, high, scales, d = b[:128], b[128:192], struct.unpack_from("<16b", b, 192), half(b, 208)
    numbers = [0.0] * 256
    for part in range(2):
        for j in range(32):
            for quarter in range(4):
                nibble = low[64 * part + 32 * (quarter % 2) + j] >> 4 * (quarter // 2) & 15
                code = (nibble | (high[32 * part + j] >> 2 * quarter & 3) << 4) - 32
                scale = scales[8 * part + 2 * quarter + j // 16]
                numbers[128 * part + 32 * quarter + j] = d * scale * code
    return numbers


IQ4_LEVELS = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def iq4_nl(b):
    low = [half(b, 0) * IQ4_LEVELS[q & 15] for q in b[2:18]]
    return low + [half(b, 0) * IQ4_LEVELS[q >> 4] for q in b[2:18]]


def f16(b):
    return [half(b, 0)]


def bf16(b):
    return [struct.unpack("<f", b"\0\0" + b)[0]]


# Kind -> its function, and where the float16 scales of a block are.
BLOCKS = {
    "F16": (f16, (0,)),
    "BF16": (bf16, ()),
    "Q8_0": (q8_0, (0,)),
    "Q4_0": (q4_0, (0,)),
    "Q4_1": (q4_1, (0, 2)),
    "Q5_0": (q5_0, (0,)),
    "Q5_1": (q5_1, (0, 2)),
    "Q2_K": (q2_k, (80, 82)),
    "Q3_K": (q3_k, (108,)),
    "Q4_K": (q4_k, (0, 2)),
    "Q5_K": (q5_k, (0, 2)),
    "Q6_K": (q6_k, (208,)),
    "IQ4_NL": (iq4_nl, (0,)),
}
