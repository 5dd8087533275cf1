"""Build the gallery: python -m tests.gallery [CASE…]"""

import sys
from pathlib import Path

import attnviz
from attnviz.api.captions import make_captions
from attnviz.render.views import VIEWS
from tests.docs.__main__ import terminal_picture
from tests.gallery.cases import CASES

OUT = Path("out/gallery")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:] or CASES
    for name in names:
        amap = CASES[name]()
        captions = make_captions(amap)
        attnviz.write(amap, OUT / f"{name}.html", captions=captions)
        for view in (row.name for row in VIEWS):
            attnviz.write(amap, OUT / f"{name}-{view}.png", view=view, captions=captions)
            drawing = terminal_picture(amap, 100, f"{name}, --view {view}", view=view)
            (OUT / f"{name}-{view}-terminal.svg").write_text(drawing)
            print(OUT / f"{name}-{view}")


main()
