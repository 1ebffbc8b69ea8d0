"""How users come to a chart: ``result.plot.loadings()`` for axes, ``.chart()`` for the chart."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from trustsem.charts.chart import Chart
from trustsem.errors import TrustsemError, UnknownOptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

C = TypeVar("C", bound=Chart)
_USE = """

Call it with ``ax`` to draw into matplotlib axes, or without to get new ones on a page of the final
width; ``.chart(...)`` returns the chart itself, with ``svg()``, ``save(path)``, ``description`` and
``note``; ``.save(path, ...)`` writes it at once. All take the options below.
"""


class Plot(Generic[C]):
    """One chart of a result, which is made when it is asked for.

    Parameters
    ----------
    make : callable
        Returns the chart for some options; its documentation becomes that of the plot.
    """

    def __init__(self, make: Callable[..., C]) -> None:
        self._make = make
        self._options = tuple(inspect.signature(make).parameters.values())
        summary, _, rest = (inspect.getdoc(make) or "").partition("\n")
        self.__doc__ = summary + _USE + rest
        ax = inspect.Parameter("ax", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        self.__signature__ = inspect.Signature([ax, *self._options])

    def __repr__(self) -> str:
        """Say what it is and how to use it."""
        options = ", ".join(str(option) for option in self._options)
        summary = (self.__doc__ or "").partition("\n")[0]
        return f"{summary} Options: {options}. Call it, or .chart(), or .save(path)."

    def __call__(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw into axes, new ones if none are given."""
        return self.chart(**options).draw_into(ax)

    def chart(self, **options: Any) -> C:
        """Return the chart.

        Raises
        ------
        UnknownOptionError
            If there is no such option.
        PlanError
            If the result holds nothing to draw; the message says what to do.
        """
        known = [option.name for option in self._options]
        for name in options:
            if name not in known:
                raise UnknownOptionError(name, known, kind="option of the chart")
        return self._make(**options)

    def save(self, path: str | Path, *, dpi: float = 300, **options: Any) -> Path:
        """Write the chart to a file; its suffix chooses among SVG, PNG and PDF."""
        return self.chart(**options).save(path, dpi=dpi)


class Plotted(Generic[C]):
    """A method that returns a chart, reached as a :class:`Plot`."""

    def __init__(self, function: Callable[..., C]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type[Plots], name: str) -> None:
        """Keep the order in which a class names its charts."""
        owner.names = (*owner.names, name)

    @overload
    def __get__(self, instance: None, owner: type) -> Plotted[C]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Plot[C]: ...
    def __get__(self, instance: object | None, owner: type) -> Plotted[C] | Plot[C]:
        """Bind to a result."""
        if instance is None:
            return self
        return Plot(self.function.__get__(instance, owner))


class Plots:
    """The charts of a result; each attribute is a :class:`Plot`."""

    names: tuple[str, ...] = ()
    """Names of the charts, in order."""

    def available(self) -> tuple[str, ...]:
        """Return the names of the charts for which the result holds something to draw."""
        return tuple(name for name in self.names if not self._missing(name))

    def _missing(self, name: str) -> str:
        """Return why a chart cannot be drawn; empty if it can."""
        try:
            getattr(self, name).chart()
        except TrustsemError as error:
            return str(error)
        return ""

    def __repr__(self) -> str:
        """List the charts."""
        lines = [
            f"  .{name}()  {(getattr(type(self), name).__doc__ or '').partition(chr(10))[0]}"
            for name in self.names
        ]
        return "\n".join(["Charts (call one, or use its .chart() or .save(path)):", *lines])
