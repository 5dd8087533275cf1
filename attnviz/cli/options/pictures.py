"""Options of pictures: type, ground, and what they show beside the weights."""

from __future__ import annotations

from attnviz.cli.options.effects import Need, acts_as, is_with
from attnviz.cli.options.spec import Opt
from attnviz.style_options import ANIMATED, FRAMES

ANIMATION = Need(
    lambda request: any(output.format in ANIMATED for output in request.outputs),
    f"without an animation: {' or '.join(ANIMATED)}",
)

PICTURES = {
    "width": Opt(
        "--width",
        str,
        metavar="WIDTH",
        help="Image width, e.g. 3.25in, 8.3cm, column (3.25in) or page (6.75in); the height "
        "follows.",
        effect=acts_as("width"),
    ),
    "highlight": Opt(
        "--highlight",
        list[str],
        metavar="QUERY,KEY",
        help="Frame the row of a query, or one cell (tokens or positions). Repeatable.",
        default=[],
        effect=acts_as("highlight"),
    ),
    "percent": Opt(
        "--percent",
        bool,
        help="Write weights as percentages.",
        default=False,
        effect=acts_as("percent"),
    ),
    "columns": Opt(
        "--columns",
        int,
        help="Panels side by side.",
        effect=acts_as("columns"),
    ),
    "math": Opt(
        "--math",
        bool,
        help="Typeset $…$ in --title as math.",
        default=False,
        effect=acts_as("math", is_with("title")),
    ),
    "no_title": Opt(
        "--no-title",
        bool,
        help="Leave out the title.",
        default=False,
        effect=acts_as("show_title"),
    ),
    "no_caption": Opt(
        "--no-caption",
        bool,
        help="Leave out the captions of heads.",
        default=False,
        effect=acts_as("show_captions"),
    ),
    "no_colorbar": Opt(
        "--no-colorbar",
        bool,
        help="Leave out the color bar.",
        default=False,
        effect=acts_as("show_colorbar"),
    ),
    "dark": Opt(
        "--dark",
        bool,
        help="Light text on a dark ground.",
        default=False,
        effect=acts_as("dark"),
    ),
    "transparent": Opt(
        "--transparent",
        bool,
        help="No ground: the slide or page is seen behind the picture.",
        default=False,
        effect=acts_as("transparent"),
    ),
    "font": Opt(
        "--font",
        str,
        metavar="FAMILY",
        help="Font family, if it is installed; others for characters that it lacks.",
        default_text="DejaVu Sans",
        effect=acts_as("font"),
    ),
    "font_size": Opt(
        "--font-size",
        float,
        metavar="PT",
        help="Size of the tokens on the axes in points; other type in proportion.",
        default_text="9, smaller where space requires it",
        effect=acts_as("font_size"),
    ),
    "zoom": Opt(
        "--zoom",
        float,
        metavar="X",
        help="Size of the finished picture, times X: type and lines grow with it.",
        default=1.0,
        effect=acts_as("zoom"),
    ),
    "frames": Opt(
        "--frames",
        str,
        metavar="NAME",
        help="Frames of an animation (gif, apng): layers, heads, or steps: the row of each "
        "generated token.",
        default_text="the first of these that there are several of",
        value_names=lambda: FRAMES,
        effect=acts_as("frames", ANIMATION),
    ),
    "frame_time": Opt(
        "--frame-time",
        float,
        metavar="SECONDS",
        help="Time that each frame of an animation is shown; it repeats without end.",
        default=0.9,
        effect=acts_as("frame_time", ANIMATION),
    ),
}
