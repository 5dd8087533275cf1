"""One mechanism of one's own: nothing before, and the nearer the better."""

from attnviz.core.biases import Alibi
from attnviz.core.masks import Causal
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="recent",
        summary="the past, nearer tokens preferred",
        formula="softmax(QKᵀ/√d − slope·|i−j|)V over j ≤ i",
        mask=Causal(),
        bias=(Alibi(),),
    ),
)
