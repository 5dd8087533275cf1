"""Output methods of maps: tables, files and figures, by functions of the package.

As in `map_methods.py`, the functions are those of `attnviz/method_table.py`, and the tests run
the examples.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from attnviz.method_table import find_method
from attnviz.style_options import StyleOptions

if TYPE_CHECKING:
    from typing import BinaryIO, Unpack

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame
    from xarray import DataArray


class MapOutput:
    """Conversion of a map to tables, files and figures."""

    def to_frame(self, *, wide: bool = False) -> DataFrame:
        """The weights as a DataFrame of pandas, one row per weight.

        Columns as in a Parquet file: layer, head, query, key, query_token, key_token, weight and
        hidden (masked). With `wide`, one head as a table: rows are queries, columns are keys.
        Raises MisuseError for a wide table of several heads, CouldNotError without pandas.

        >>> amap.sel(layer=0, head=0).to_frame(wide=True).loc["The", "The"].item()
        1.0
        """
        return find_method("to_frame")(self, wide=wide)

    def to_xarray(self) -> DataArray:
        """The weights as a DataArray of xarray, with the dimensions layer, head, query and key.

        Coordinates are the numbers of layers and heads and the positions of tokens, and the
        labels `query_token` and `key_token`. Raises CouldNotError without xarray.
        """
        return find_method("to_xarray")(self)

    def to_dict(self) -> dict[str, Any]:
        """The map as the dict that its JSON document holds; `attnviz.read` reads it back.

        >>> amap.to_dict()["queries"][0]["label"]
        'The'
        """
        return find_method("to_dict")(self)

    def save(
        self,
        target: str | PathLike[str] | BinaryIO,
        *,
        format: str | None = None,
        **style: Unpack[StyleOptions],
    ) -> None:
        """Write the map to a file; see `attnviz.write`. `attnviz.load` reads data files back.

        >>> stream = io.BytesIO()
        >>> amap.save(stream, format="npz")
        >>> attnviz.load(stream.getvalue()).equals(amap)
        True
        """
        find_method("save")(self, target, format=format, **style)

    def figure(self, **style: Unpack[StyleOptions]) -> Figure:
        """The map as a Figure of matplotlib, as files of `attnviz.write` show it.

        >>> figure = amap.figure(view="matrix", size=(8, 6))
        >>> figure.get_size_inches().tolist()
        [8.0, 6.0]
        """
        return find_method("figure")(self, **style)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        layer: int | None = None,
        head: int | None = None,
        **style: Unpack[StyleOptions],
    ) -> Axes:
        """Draw one head as a heatmap on an Axes of matplotlib, or on a new one of pyplot.

        Raises MisuseError for a map of several heads without `layer` and `head`.

        >>> axes = amap.plot(matplotlib.figure.Figure().subplots(), layer=0, head=1)
        >>> [label.get_text() for label in axes.get_yticklabels()]
        ['The', 'cat', 'sat', 'on', 'it']
        """
        return find_method("plot")(self, ax, layer=layer, head=head, **style)

    def show(self, **style: Unpack[StyleOptions]) -> None:
        """Display the map: in a notebook as a page, elsewhere as the table of `attnviz show`."""
        find_method("show")(self, **style)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Contents of the map in a notebook, by media type."""
        return find_method("mimebundle")(self, include, exclude)
