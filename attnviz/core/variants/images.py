"""Plane: who may look at whom in a picture, and in neighbourhoods."""

from __future__ import annotations

from attnviz.core.masks.image import Patch, SameColumn, SameLine
from attnviz.core.masks.local import Neighborhood
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="axial-row",
        aliases=("axial",),
        group="masks",
        summary="places of a picture look along their own line",
        formula="softmax(QKᵀ/√d)V over ⌊i/columns⌋ = ⌊j/columns⌋",
        paper="1912.12180",
        purpose="Pictures: a layer along lines, the next along columns, and all is reached.",
        cost="n √n d",
        mask=SameLine(),
    ),
    Variant(
        name="axial-column",
        group="masks",
        summary="places of a picture look along their own column",
        formula="softmax(QKᵀ/√d)V over i ≡ j mod columns",
        paper="1912.12180",
        purpose="The other half of axial attention.",
        cost="n √n d",
        mask=SameColumn(),
    ),
    Variant(
        name="criss-cross",
        group="masks",
        summary="places of a picture look along their line and their column at once",
        formula="softmax(QKᵀ/√d)V over the same line or the same column",
        paper="1811.11721",
        purpose="Segmentation: two such layers connect any two places.",
        cost="n √n d",
        mask=SameLine() | SameColumn(),
    ),
    Variant(
        name="swin",
        aliases=("window-attention",),
        group="masks",
        summary="a picture is cut into squares that look only at themselves",
        formula="softmax(QKᵀ/√d)V within squares of `side` × `side`",
        paper="2103.14030",
        purpose="Cost grows with the picture, not with its square.",
        cost="n · side² · d",
        mask=Patch(),
    ),
    Variant(
        name="swin-shifted",
        group="masks",
        summary="the squares, moved by half a side: neighbours across a border meet",
        formula="softmax(QKᵀ/√d)V within squares of `side` × `side`, moved by `shift`",
        paper="2103.14030",
        purpose="Every second Swin layer: what was apart in one is together in the next.",
        cost="n · side² · d",
        mask=Patch(shift=1),
    ),
    Variant(
        name="neighborhood",
        aliases=("natten",),
        group="masks",
        summary="the nearest keys, as many at the ends as in the middle",
        formula="softmax(QKᵀ/√d)V over the `neighbors` nearest j",
        paper="2204.07143",
        purpose="A window that does not shrink at the border, here along one dimension.",
        cost="n · neighbors · d",
        mask=Neighborhood(),
    ),
    Variant(
        name="sliding-tile",
        aliases=("sta",),
        group="masks",
        summary="whole tiles look at their nearest tiles",
        formula="softmax(QKᵀ/√d)V over the `neighbors` nearest tiles of `tile` positions",
        paper="2502.04507",
        purpose="Video: a neighbourhood in steps that hardware likes, here along one dimension.",
        cost="n · neighbors · tile · d",
        mask=Neighborhood(tile=2),
    ),
)
