"""PDF files of one page per figure, at any size; pages are written as they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PDF_DPI = 72  # points per inch


class PageStream:
    """A file for matplotlib: bytes are passed on when a page is complete."""

    def __init__(self, append: Callable[[bytes], object]) -> None:
        self.append, self.n_written, self.buffer = append, 0, BytesIO()
        self.seek = self.close = lambda *_: None  # a file is recognized by `seek`

    def write(self, data: bytes) -> int:
        """Keep bytes for the next `flush`."""
        return self.buffer.write(data)

    def tell(self) -> int:
        """The number of bytes so far."""
        return self.n_written + self.buffer.tell()

    def flush(self) -> None:
        """Pass on what is kept."""
        data, self.buffer = self.buffer.getvalue(), BytesIO()
        self.n_written += len(data)
        if data:
            self.append(data)


class PdfPages:
    """A PDF that grows by a page per figure. Of earlier pages only names of objects are kept."""

    def __init__(self, append: Callable[[bytes], object], metadata: dict[str, Any]) -> None:
        backend: Any = import_module("matplotlib.backends.backend_pdf")  # has no types
        self.stream = PageStream(append)
        self.file = backend.PdfFile(self.stream, metadata=metadata)
        self.images: dict[Any, Any] = {}  # written ones, by their names

    def add(self, figure: Figure, zoom: float = 1.0) -> None:
        """Append a figure as a page, enlarged by `zoom`."""
        backend: Any = import_module("matplotlib.backends.backend_pdf")
        mixed: Any = import_module("matplotlib.backends.backend_mixed")
        backend.FigureCanvasPdf(figure)
        image_dpi, figure.dpi = figure.dpi, PDF_DPI
        width, height = figure.get_size_inches()
        self.file.newPage(width * zoom, height * zoom)
        self.file.output(zoom, 0, 0, zoom, 0, 0, backend.Op.concat_matrix)
        of_vectors = backend.RendererPdf(self.file, image_dpi, height, width)
        renderer = mixed.MixedModeRenderer(figure, width, height, image_dpi, of_vectors)
        figure.draw(renderer)
        renderer.finalize()
        figure.dpi = image_dpi
        self.file.endStream()
        self.write_images()
        self.stream.flush()

    def write_images(self) -> None:
        """Write the images of the last page, and keep their names; matplotlib would keep all."""
        self.file.writeImages()
        self.images |= {name: entry for _, name, entry in self.file._images.values()}
        self.file._images.clear()

    def finish(self) -> None:
        """Write what all pages share: fonts, names of images, and the directory."""
        entries = {name: (None, name, entry) for name, entry in self.images.items()}
        write, self.file.writeImages = self.file.writeImages, lambda: None  # all are written
        self.file._images.update(entries)
        self.file.finalize()
        self.file.writeImages = write
        self.stream.flush()

    def close(self) -> None:
        """Release the fonts."""
        self.file.close()


def write_pdf(figures: Iterable[Figure], metadata: dict[str, Any], zoom: float = 1.0) -> bytes:
    """A PDF with a page for each figure, enlarged by `zoom`."""
    data = BytesIO()
    pages = PdfPages(data.write, metadata)
    try:
        for figure in figures:
            pages.add(figure, zoom)
        pages.finish()
    finally:
        pages.close()
    return data.getvalue()
