"""Rounded numbers as text: a value that is not zero does not read as zero."""

from __future__ import annotations

ROUNDING = 1e-12  # magnitudes below are rounding errors of zero


def format_rounded(value: float, decimals: int, sign: str = "") -> str:
    """A number with fixed decimals, "< 0.01" for a smaller one. `sign` "+": with its sign.

    >>> format_rounded(0.1234, 2), format_rounded(4e-5, 3), format_rounded(-4e-5, 2, "+")
    ('0.12', '< 0.001', '> -0.01')
    """
    text = f"{value:{sign}.{decimals}f}"
    if abs(value) < ROUNDING:
        return text.replace("-", "+" if sign else "")
    if float(text):
        return text
    least = f"{10.0**-decimals:.{decimals}f}"
    return f"< {least}" if value > 0 else f"> -{least}"
