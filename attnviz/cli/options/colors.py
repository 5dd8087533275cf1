"""Options of colors: the palette, and the limits and norm of the color scale."""

from __future__ import annotations

from attnviz.cli.options.completion import norm_names, palette_names
from attnviz.cli.options.effects import ALL, COLOR, MANY_SENTENCES, acts_on
from attnviz.cli.options.spec import Opt
from attnviz.render.views import SCALED_VIEWS

SCALED = " ".join(SCALED_VIEWS)

COLORS = {
    "palette": Opt(
        "--palette, --cmap",
        str,
        metavar="NAME",
        help="Colormap: viridis, magma, Blues…, any of matplotlib's; with _r reversed.",
        value_names=palette_names,
        effect=acts_on(
            COLOR,
            terminal="matrix overview lines text",
            tikz=ALL,
            figure=ALL,
            page=ALL,
            vega_lite=ALL,
        ),
    ),
    "vmin": Opt(
        "--vmin",
        float,
        metavar="X",
        help="Lowest weight of the color scale (not of differences beside weights).",
        default_text="0, or −vmax for signed weights",
        effect=acts_on(terminal=SCALED, tikz=ALL, figure=SCALED, page=ALL, vega_lite=ALL),
    ),
    "vmax": Opt(
        "--vmax",
        float,
        metavar="X",
        help="Highest weight of the color scale, to make several pictures comparable.",
        default_text="the largest weight",
        effect=acts_on(terminal=SCALED, tikz=ALL, figure=SCALED, page=ALL, vega_lite=ALL),
    ),
    "robust": Opt(
        "--robust",
        bool,
        help="End the color scale at the 98 % quantile of the weights.",
        default=False,
        effect=acts_on(terminal=SCALED, tikz=ALL, figure=SCALED, page=ALL, vega_lite=ALL),
    ),
    "shared_scale": Opt(
        "--shared-scale",
        bool,
        help="One color scale for all texts, found in a first pass over them.",
        default=False,
        effect=acts_on(
            MANY_SENTENCES, terminal=SCALED, tikz=ALL, figure=SCALED, page=ALL, vega_lite=ALL
        ),
    ),
    "norm": Opt(
        "--norm",
        str,
        metavar="NAME",
        help="Norm of the color scale: linear, sqrt or log.",
        default_text="linear; beyond 64 tokens log, or sqrt for signed weights",
        value_names=norm_names,
        effect=acts_on(terminal=SCALED, tikz=ALL, figure=SCALED, page=ALL, vega_lite=ALL),
    ),
}
