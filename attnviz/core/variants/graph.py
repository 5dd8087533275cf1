"""Graph attention: additive scores with a leaky ReLU, over the nodes of a graph."""

from __future__ import annotations

from attnviz.core.scales import Unscaled
from attnviz.core.scores.graph_attention import GraphAttention, GraphAttentionV2
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="gat",
        aliases=("graph-attention",),
        group="scores",
        summary="leaky ReLU of a linear form of query and key (graph attention)",
        formula="softmax(leakyrelu(aᵀq+bᵀk))V",
        paper="1710.10903",
        purpose="Nodes of a graph weigh their neighbours; all nodes rank them alike.",
        reference="PetarV-/GAT: utils/layers.py",
        simplified="a complete graph; queries, keys and values have projections of their own",
        score=GraphAttention(),
        scale=Unscaled(),
    ),
    Variant(
        name="gatv2",
        aliases=("dynamic-graph-attention",),
        group="scores",
        summary="linear form of the leaky ReLU of query plus key (dynamic graph attention)",
        formula="softmax(aᵀleakyrelu(q+k))V",
        paper="2105.14491",
        purpose="Graph attention in which each node has its own ranking of its neighbours.",
        reference="tech-srl/how_attentive_are_gats: gatv2_conv_PyG.py",
        simplified="a complete graph; the values are not the projected keys",
        score=GraphAttentionV2(),
        scale=Unscaled(),
    ),
)
