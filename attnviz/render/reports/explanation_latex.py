"""Explanations as LaTeX: matrices as bmatrix, formulas as in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attnviz.core.explain.explanation import Explanation
from attnviz.render.reports.explanation_blocks import (
    Arithmetic,
    Block,
    Heading,
    Numbers,
    Sentence,
    explanation_blocks,
)
from attnviz.render.safe_text import escape_text

TEXT_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
}
FUNCTIONS = ("exp", "log", "tanh", "cos", "sin", "max", "min")
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉ᵢⱼₗₜₖₕᵣₚ", "0123456789ijltkhrp"
SIGNS = {
    "×": r"\times ", "−": "-", "·": r"\cdot ", "∘": r"\circ ", "≤": r"\le ", "≥": r"\ge ",
    "→": r"\to ", "…": r"\dots ", "‖": r"\|", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "|": "|",
    "Σ": r"\sum ", "Π": r"\prod ", "√": r"\surd ", "ᵀ": r"^{\top}", "²": "^{2}", "⁰": "^{0}",
    "′": "'", "∗": "*", "⁻": "^{-}", "¹": "^{1}", "α": r"\alpha ", "β": r"\beta ",
    "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ", "θ": r"\theta ", "κ": r"\kappa ",
    "λ": r"\lambda ", "μ": r"\mu ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ",
    "τ": r"\tau ", "φ": r"\varphi ", "ψ": r"\psi ", "ζ": r"\zeta ", "_": r"\_", "%": r"\%",
    "#": r"\#", "&": r"\&", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\sim ", "\\": r"\setminus ",
    **{sign: f"_{{{plain}}}" for sign, plain in zip(*SUBSCRIPTS, strict=True)},
}  # fmt: skip
PRODUCT = re.compile(r"[A-Z][a-z](?![A-Za-z])")  # Wq: a matrix times a vector
WORD = re.compile(r"[A-Za-z][A-Za-z-]+(?: (?!(?:exp|log|max|min)\()[A-Za-z][A-Za-z-]+)*")
PREAMBLE = r"""% Compile with lualatex or xelatex: tokens may be in any script.
\documentclass{article}
\usepackage[margin=2cm,landscape]{geometry}
\usepackage{amsmath}
\setcounter{MaxMatrixCols}{COLUMNS}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""


def latex_bytes(explanation: Explanation, digits: int) -> bytes:
    """The explanation as a LaTeX document."""
    blocks = list(explanation_blocks(explanation, digits))
    widest = max((len(block.columns) for block in blocks if isinstance(block, Numbers)), default=0)
    lines = [PREAMBLE.replace("COLUMNS", str(max(10, widest)))]
    for block in blocks:
        lines += block_lines(block)
    return ("\n".join([*lines, r"\end{document}"]) + "\n").encode()


def block_lines(block: Block) -> Iterator[str]:
    """The lines of one block, and an empty one."""
    if isinstance(block, Heading):
        command = "section" if block.level == 1 else "subsection"
        yield f"\\{command}*{{{text(block.text)}}}"
    elif isinstance(block, Sentence):
        yield text(block.text) + (f": ${math(block.formula)}$" if block.formula else ".")
    elif isinstance(block, Arithmetic):
        yield f"${math(block.label)}$: ${math(block.expression)} = {math(block.value)}$"
    elif block.has_formulas:
        yield f"columns: {', '.join(map(text, block.columns))}"
        for name, cells in block.rows:
            yield f"\\[ {math(name)} = \\begin{{bmatrix}} {row(cells)} \\end{{bmatrix}} \\]"
    else:
        names = ", ".join(text(name) for name, _ in block.rows)
        yield f"rows: {names}; columns: {', '.join(map(text, block.columns))}"
        body = " \\\\\n".join(row(cells) for _, cells in block.rows)
        yield f"\\[ \\begin{{bmatrix}}\n{body}\n\\end{{bmatrix}} \\]"
    yield ""


def row(cells: tuple[str, ...]) -> str:
    """The cells of one row of a matrix."""
    return " & ".join(cell.replace("·", r"\cdot") for cell in cells)


def text(plain: str) -> str:
    """Text without the meaning of LaTeX's signs."""
    return "".join(TEXT_SIGNS.get(sign, sign) for sign in escape_text(plain))


def math(formula: str) -> str:
    """A formula in math mode: words upright, functions and Greek letters by name."""
    parts, at = [], 0
    while at < len(formula):
        word = None if PRODUCT.match(formula, at) else WORD.match(formula, at)
        if word is None:
            sign = formula[at]
            known = sign in SIGNS or sign.isascii()
            parts.append(SIGNS.get(sign, sign) if known else f"\\text{{{sign}}}")
            at += 1
        else:
            name = word[0]
            parts.append(f"\\{name} " if name in FUNCTIONS else f"\\text{{{name}}}")
            at = word.end()
    return "".join(parts)
