"""PDF files of one page per figure, at any size."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PDF_DPI = 72  # points per inch


def write_pdf(figures: Iterable[Figure], metadata: dict[str, Any], zoom: float = 1.0) -> bytes:
    """A PDF with a page for each figure, enlarged by `zoom`."""
    backend: Any = import_module("matplotlib.backends.backend_pdf")  # has no types
    mixed: Any = import_module("matplotlib.backends.backend_mixed")
    data = BytesIO()
    file = backend.PdfFile(data, metadata=metadata)
    try:
        for figure in figures:
            backend.FigureCanvasPdf(figure)
            image_dpi, figure.dpi = figure.dpi, PDF_DPI
            width, height = figure.get_size_inches()
            file.newPage(width * zoom, height * zoom)
            file.output(zoom, 0, 0, zoom, 0, 0, backend.Op.concat_matrix)
            of_vectors = backend.RendererPdf(file, image_dpi, height, width)
            renderer = mixed.MixedModeRenderer(figure, width, height, image_dpi, of_vectors)
            figure.draw(renderer)
            renderer.finalize()
            figure.dpi = image_dpi
        file.finalize()
    finally:
        file.close()
    return data.getvalue()
