"""Oracles: a second implementation of every mechanism, slow and plain, without our parts.

An oracle is a function (variant, inputs, visible) -> weights [head, query, key]. It may read the
tunables of a part from the variant, and learned parameters from the inputs.
"""

from importlib import import_module

from attnviz.core.variants import FAMILIES

ORACLES = {
    name: oracle
    for family in FAMILIES
    for name, oracle in import_module(f"{__name__}.{family}").ORACLES.items()
}
