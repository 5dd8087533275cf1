"""Formulas and sentences of explanations as LaTeX: the signs of the catalogue as commands."""

from __future__ import annotations

import re

from attnviz.render.data.text_table import LATEX, escape_latex
from attnviz.render.safe_text import escape_text

FUNCTIONS = ("exp", "log", "tanh", "cos", "sin", "max", "min")
ACCENTS = {"\u0303": "tilde", "\u0304": "bar"}  # combining signs
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₗₜₖₕᵣₚ₋₊", "0123456789ijltkhrp-+", strict=True))
SUPERSCRIPTS = {**dict(zip("⁰¹²³⁻⁺", "0123-+", strict=True)), "ᵀ": r"\top "}
SIGNS = {
    "×": r"\times ", "−": "-", "·": r"\cdot ", "∘": r"\circ ", "≤": r"\le ", "≥": r"\ge ",
    "→": r"\to ", "…": r"\dots ", "‖": r"\|", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "|": "|",
    "Σ": r"\sum ", "Π": r"\prod ", "√": r"\surd ", "′": "'", "″": "''", "∗": "*",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "Δ": r"\Delta ",
    "ε": r"\varepsilon ", "ζ": r"\zeta ", "θ": r"\theta ", "κ": r"\kappa ", "λ": r"\lambda ",
    "Λ": r"\Lambda ", "μ": r"\mu ", "ξ": r"\xi ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ",
    "τ": r"\tau ", "φ": r"\varphi ", "ψ": r"\psi ", "_": r"\_", "%": r"\%", "#": r"\#",
    "&": r"\&", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\sim ", "\\": r"\setminus ",
    "^": r"\wedge ",
}  # fmt: skip
LOW, HIGH = "".join(SUBSCRIPTS), "".join(SUPERSCRIPTS)
TOKEN = re.compile(
    rf"(?P<accent>[A-Za-z][{''.join(ACCENTS)}])"
    rf"|(?P<low>[{LOW}]+(?:,[{LOW}]+)*)"  # one group: LaTeX refuses two subscripts in a row
    rf"|(?P<high>[{HIGH}]+)"
    r"|\^(?P<power>[A-Za-zα-ω]|\d+(?:\.\d+)?)"
    r"|(?P<product>[A-Z][a-z](?![A-Za-z]))"  # Wq: a matrix times a vector
    r"|(?P<word>[A-Za-z][A-Za-z-]+(?: (?!(?:exp|log|max|min)\()[A-Za-z][A-Za-z-]+)*)"
    r"|(?P<space>(?<=[A-Za-z0-9)]) (?=[A-Za-z0-9(]))"
    r"|(?P<sign>.)",
    flags=re.DOTALL,
)
IN_MATH = "".join(
    sign for sign in (*SIGNS, *LOW, *HIGH) if not sign.isascii() and sign not in LATEX
)
RUN = re.compile(rf"(?:[A-Za-z][{''.join(ACCENTS)}]|[{IN_MATH}]|(?<=[{LOW}]),(?=[{LOW}]))+")


def text(plain: str) -> str:
    """A sentence, a title or a token: signs of formulas in math mode, the others escaped.

    >>> text("k₂ of 50%")
    'k$_{2}$ of 50\\\\%'
    """
    shown, parts, at = escape_text(plain), [], 0
    for run in RUN.finditer(shown):
        parts += [escape_latex(shown[at : run.start()]), f"${math(run[0])}$"]
        at = run.end()
    return "".join([*parts, escape_latex(shown[at:])])


def math(formula: str) -> str:
    """A formula in math mode: words upright, functions and Greek letters by name.

    >>> math("u₂,₁ = exp(k₁)^(1 / 8)")
    'u_{2,1} = \\\\exp (k_{1})^{(1 / 8)}'
    """
    parts, at = [], 0
    while at < len(formula):
        if formula.startswith("^(", at):
            end = closing_bracket(formula, at + 1)
            parts.append(f"^{{{math(formula[at + 1 : end])}}}")
            at = end
            continue
        match = TOKEN.match(formula, at)
        assert match is not None
        parts.append(command(match))
        at = match.end()
    return "".join(parts)


def command(match: re.Match[str]) -> str:
    """The LaTeX of one word, one sign, or one run of sub- or superscripts."""
    kind, plain = match.lastgroup, match[0]
    if kind == "accent":
        return f"\\{ACCENTS[plain[1]]}{{{plain[0]}}}"
    if kind == "low":
        return f"_{{{''.join(SUBSCRIPTS.get(sign, sign) for sign in plain)}}}"
    if kind == "high":
        return f"^{{{''.join(SUPERSCRIPTS[sign] for sign in plain)}}}"
    if kind == "power":
        return f"^{{{math(plain[1:])}}}"
    if kind == "word":
        return f"\\{plain} " if plain in FUNCTIONS else f"\\text{{{plain}}}"
    if kind == "space":
        return r"\ "
    if kind == "product" or (plain not in SIGNS and plain.isascii()):
        return plain
    return SIGNS.get(plain, f"\\text{{{plain}}}")


def closing_bracket(formula: str, start: int) -> int:
    """The index after the bracket that closes the one at `start`; the end where none does."""
    depth = 0
    for n in range(start, len(formula)):
        depth += {"(": 1, ")": -1}.get(formula[n], 0)
        if depth == 0:
            return n + 1
    return len(formula)
