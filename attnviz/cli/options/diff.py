"""Limits of `attnviz diff`: what two maps may differ by."""

from __future__ import annotations

from attnviz.cli.options.spec import Group, Opt

LIMITS = Group(
    "Limits (exit status 4 beyond them)",
    {
        "max_js": Opt(
            "--max-js",
            float,
            metavar="BITS",
            help="Mean Jensen–Shannon divergence of a head's rows (0 to 1).",
        ),
        "max_row_js": Opt(
            "--max-row-js",
            float,
            metavar="BITS",
            help="Jensen–Shannon divergence of a single row: finds one changed row of many.",
        ),
        "max_abs": Opt("--max-abs", float, help="Change of a single weight, |B − A|."),
        "rtol": Opt("--rtol", float, help="Relative tolerance: |B − A| ≤ atol + rtol·|A|."),
        "atol": Opt("--atol", float, help="Absolute tolerance, in the same formula."),
        "quiet": Opt(
            "--quiet",
            bool,
            default=False,
            help="Print no difference, only what exceeds a limit; -o still writes files.",
        ),
    },
)
