"""Write the generated parts of the documents and their images anew: python -m tests.docs"""

import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from _pytest.outcomes import Skipped
from rich.console import Console

import attnviz
from attnviz.api.captions import make_captions
from attnviz.api.compare import compare
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from tests.checkpoints.minilm import folder
from tests.checkpoints.smollm2 import REPEATED, path
from tests.docs import DOCUMENTS, IMAGES, SENTENCE, TIRED, generated
from tests.docs.catalogue import CATALOGUE, catalogue
from tests.render.browser import launched


def terminal_image(amap, width, command=f'attnviz "{SENTENCE}"', **style):
    """The terminal output as an SVG that loads nothing."""
    console = Console(
        file=io.StringIO(), record=True, width=width, force_terminal=True, color_system="truecolor"
    )
    console.print(find_format("table").render(amap, Style(captions=make_captions(amap), **style)))
    drawing = console.export_svg(title=command, unique_id="attnviz")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)


def page_image(amap, path):
    """The page as a browser shows it; without a browser the image stays as it is."""
    try:
        with TemporaryDirectory() as folder, launched() as browser:
            page = Path(folder) / "page.html"
            attnviz.write(amap, page)
            context = browser.new_context(viewport={"width": 1080, "height": 700}, offline=True)
            tab = context.new_page()
            tab.goto(f"{page.as_uri()}#view=matrix&layer=3&head=1&q=9&k=2")
            tab.wait_for_timeout(1500)
            tab.screenshot(path=path)
    except Skipped as reason:
        print(f"{path.name} stays as it is: {reason}")


def main():
    for document in DOCUMENTS:
        document.write_text(generated(document.read_text()))
    CATALOGUE.write_text(catalogue())
    amap = attnviz.look(SENTENCE)
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "terminal.svg").write_text(terminal_image(amap, 84))
    attnviz.write(amap, IMAGES / "heads.png", dpi=110)
    pretrained = attnviz.look(TIRED, model=str(folder()))
    title = "all-MiniLM-L6-v2"
    # The path of the model on this machine is metadata.
    style = {"title": title, "show_metadata": False}
    attnviz.write(pretrained, IMAGES / "minilm.png", dpi=100, view="overview", **style)
    page_image(pretrained, IMAGES / "page.png")
    induction = attnviz.look(REPEATED, model=str(path()), select_layers=17, select_heads=5)
    style = {"title": "SmolLM2-135M-Instruct, layer 17", "show_metadata": False}
    attnviz.write(induction, IMAGES / "induction.png", dpi=80, **style)
    both = compare("The cat sat on the mat", variants=["scaled-dot", "sparsemax"])
    attnviz.write(both, IMAGES / "compare.png", dpi=100)


if __name__ == "__main__":
    main()
