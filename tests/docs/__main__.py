"""Write the generated parts of the README anew, and its pictures: python -m tests.docs"""

import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from _pytest.outcomes import Skipped
from rich.console import Console

import attnviz
from attnviz.api.captions import captions, patterns
from attnviz.api.compare import compare
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from tests.checkpoints.minilm import folder
from tests.docs import PICTURES, README, SENTENCE, TIRED, generated
from tests.render.browser import launched


def terminal_picture(amap, width, command=f'attnviz "{SENTENCE}"', **style):
    """What the terminal shows, as a drawing that loads nothing from anywhere."""
    console = Console(
        file=io.StringIO(), record=True, width=width, force_terminal=True, color_system="truecolor"
    )
    console.print(find_format("table").render(amap, Style(captions=captions(amap), **style)))
    drawing = console.export_svg(title=command, unique_id="attnviz")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)


def page_picture(amap, path):
    """The page as a browser shows it; without a browser the picture stays as it was."""
    try:
        with TemporaryDirectory() as folder, launched() as browser:
            page = Path(folder) / "page.html"
            attnviz.write(amap, page, captions=captions(amap))
            context = browser.new_context(viewport={"width": 1080, "height": 700}, offline=True)
            tab = context.new_page()
            tab.goto(f"{page.as_uri()}#view=matrix&layer=3&head=1&q=9&k=2")
            tab.wait_for_timeout(1500)
            tab.screenshot(path=path)
    except Skipped as reason:
        print(f"{path.name} stays as it was: {reason}")


def main():
    README.write_text(generated(README.read_text()))
    amap = attnviz.look(SENTENCE)
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "terminal.svg").write_text(terminal_picture(amap, 84))
    attnviz.write(amap, PICTURES / "heads.png", captions=captions(amap), dpi=110)
    real = attnviz.look(TIRED, model=str(folder()))
    wishes = {"view": "overview", "title": "all-MiniLM-L6-v2", "patterns": patterns(real)}
    attnviz.write(real, PICTURES / "minilm.png", dpi=100, **wishes)
    page_picture(real, PICTURES / "page.png")
    both = compare("The cat sat on the mat", variants=["scaled-dot", "sparsemax"])
    attnviz.write(both, PICTURES / "compare.png", captions=captions(both), dpi=100)


if __name__ == "__main__":
    main()
