"""Masks for images: axial, criss-cross, Swin windows, neighbourhoods."""

from __future__ import annotations

from attnviz.core.masks.image import SameColumn, SameRow, SwinWindow
from attnviz.core.masks.local import Neighborhood
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="axial-row",
        aliases=("axial",),
        group="masks",
        summary="attention within the same row of an image",
        formula="softmax(QKᵀ/√d)V over ⌊i/columns⌋ = ⌊j/columns⌋",
        paper="1912.12180",
        purpose="Axial attention: rows and columns in turn, one layer each, reach all pixels.",
        cost="n √n d",
        mask=SameRow(),
    ),
    Variant(
        name="axial-column",
        group="masks",
        summary="attention within the same column of an image",
        formula="softmax(QKᵀ/√d)V over i ≡ j mod columns",
        paper="1912.12180",
        purpose="The other half of axial attention.",
        cost="n √n d",
        mask=SameColumn(),
    ),
    Variant(
        name="criss-cross",
        aliases=("ccnet",),
        group="masks",
        summary="attention within the same row or column of an image",
        formula="softmax(QKᵀ/√d)V over the same line or the same column",
        paper="1811.11721",
        purpose="Segmentation: two such layers connect any two pixels.",
        cost="n √n d",
        mask=SameRow() | SameColumn(),
    ),
    Variant(
        name="swin",
        aliases=("w-msa", "swin-transformer"),
        group="masks",
        summary="attention within square windows of an image",
        formula="softmax(QKᵀ/√d)V within squares of `side` × `side`",
        paper="2103.14030",
        purpose="Cost linear in the number of pixels.",
        cost="n · side² · d",
        mask=SwinWindow(),
    ),
    Variant(
        name="swin-shifted",
        aliases=("sw-msa",),
        group="masks",
        summary="square windows of an image, shifted across the previous borders",
        formula="softmax(QKᵀ/√d)V within squares of `side` × `side`, moved by `shift`",
        paper="2103.14030",
        purpose="Every second Swin layer: connects neighbouring windows.",
        cost="n · side² · d",
        mask=SwinWindow(shift=1),
    ),
    Variant(
        name="neighborhood",
        aliases=("natten",),
        group="masks",
        summary="the nearest keys, as many at the borders as in the middle",
        formula="softmax(QKᵀ/√d)V over the `neighbors` nearest j",
        paper="2204.07143",
        purpose="A window that does not shrink at the border; here in one dimension.",
        simplified="one dimension; the paper has the two of an image",
        cost="n · neighbors · d",
        mask=Neighborhood(),
    ),
    Variant(
        name="sliding-tile",
        aliases=("sta",),
        group="masks",
        summary="the nearest tiles of consecutive keys, moved tile by tile",
        formula="softmax(QKᵀ/√d)V over the `neighbors` nearest tiles of `tile` positions",
        paper="2502.04507",
        purpose="Video: hardware-efficient local attention; here in one dimension.",
        simplified="one dimension; the paper has the three of a video",
        cost="n · neighbors · tile · d",
        mask=Neighborhood(tile=2),
    ),
)
