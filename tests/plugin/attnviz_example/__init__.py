"""Example of a plug-in: a causal mechanism with a linear distance penalty."""

from attnviz.core.biases import Alibi
from attnviz.core.masks import Causal
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="recent",
        summary="causal attention with a linear distance penalty",
        formula="softmax(QKᵀ/√d − slope·|i−j|)V over j ≤ i",
        mask=Causal(),
        bias=(Alibi(),),
    ),
)
