"""Options of colors: the palette, and the limits and norm of the color scale."""

from __future__ import annotations

from attnviz.cli.options.completion import norm_names, palette_names
from attnviz.cli.options.effects import COLOR, MANY_SENTENCES, acts_as
from attnviz.cli.options.spec import Opt

COLORS = {
    "palette": Opt(
        "--palette, --cmap",
        str,
        metavar="NAME",
        help="Colormap: viridis, magma, Blues…, any of matplotlib's; with _r reversed.",
        value_names=palette_names,
        effect=acts_as("palette", COLOR),
    ),
    "vmin": Opt(
        "--vmin",
        float,
        metavar="X",
        help="Lowest weight of the color scale (not of differences beside weights).",
        default_text="0, or −vmax for signed weights",
        effect=acts_as("vmin"),
    ),
    "vmax": Opt(
        "--vmax",
        float,
        metavar="X",
        help="Highest weight of the color scale, to make several pictures comparable.",
        default_text="the largest weight",
        effect=acts_as("vmax"),
    ),
    "robust": Opt(
        "--robust",
        bool,
        help="End the color scale at the 98 % quantile of the weights.",
        default=False,
        effect=acts_as("robust"),
    ),
    "shared_scale": Opt(
        "--shared-scale",
        bool,
        help="One color scale for all texts, found in a first pass over them.",
        default=False,
        effect=acts_as("vmax", MANY_SENTENCES),
    ),
    "norm": Opt(
        "--norm",
        str,
        metavar="NAME",
        help="Norm of the color scale: linear, sqrt or log.",
        default_text="linear; beyond 64 tokens log, or sqrt for signed weights",
        value_names=norm_names,
        effect=acts_as("norm"),
    ),
}
