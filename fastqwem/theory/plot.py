"""Pictures of the theory, each drawn on the axes it is given; `figure` makes such axes without a window.

Matplotlib is an optional extra and is imported when the first picture is made. Colours are those of Okabe and Ito,
which the colour-blind can tell apart; what has an order runs along viridis, so that it shows in grey as well. Theory is
dashed, what was measured is solid.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from .concepts import Concept
    from .course import Course
    from .dynamics import LearningCurves
    from .task_vectors import SpikeFit

__all__ = [
    "PALETTE", "concept_table", "encode", "families", "figure", "key_below", "learning_times", "localisation", "loss",
    "overlap", "scatter", "spectrum", "spike", "staircase", "title",
]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")
Array = np.ndarray[Any, np.dtype[Any]]
Axes = Any
"""`matplotlib.axes.Axes`; not named, because matplotlib may be absent."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A8A8A")
MARKERS = "os^Dv<>P"
GUIDE = "#8A8A8A"
DPI = 130
POWER = -0.6
"""Power of the rank that the paper draws beside its spectra."""
_STYLE = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.4,
}


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'fastqwem[plot]'") from error
    return matplotlib


def _styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Wrap what draws in our style, without touching anyone else's."""

    @wraps(draw)
    def in_style(*args: P.args, **options: P.kwargs) -> R:
        with _matplotlib().rc_context(_STYLE):
            return draw(*args, **options)

    return in_style


@_styled
def figure(width: float = 7.0, height: float = 4.0, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    """Return a figure that no window shows, and its axes (an array of them if there are several).

    Parameters
    ----------
    width, height : float
        In inches.
    rows, columns : int
    **options
        Of `matplotlib.figure.Figure.subplots`, such as ``sharey=True``.

    Raises
    ------
    ImportError
        If matplotlib is not installed; says how to install it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(made)
    return made, made.subplots(rows, columns, **options)


@_styled
def encode(figure: Any) -> bytes:
    """Return a figure as PNG: the same bytes for the same picture, without date or version."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None}, bbox_inches="tight", pad_inches=0.08)
    return file.getvalue()


@_styled
def spectrum(axes: Axes, values: Array) -> Axes:
    """Draw the positive eigenvalues against their rank on logarithmic scales, beside the paper's power law.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : array, shape (d,)
        In descending order; at least one positive.
    """
    shown = values[values > 0]
    rank = np.arange(1, len(shown) + 1)
    axes.loglog(rank, shown, "o-", color=PALETTE[0], markersize=3, label="this corpus")
    guide = shown[0] * rank**POWER
    axes.loglog(rank, guide, ":", color=GUIDE, label=f"rank$^{{{POWER:g}}}$, the paper's guide")
    axes.set(xlabel="rank k of the mode", ylabel=r"eigenvalue $\lambda_k$ of M*")
    _plain_ticks(axes.xaxis)
    _plain_ticks(axes.yaxis)
    axes.legend()
    return axes


def _plain_ticks(axis: Any) -> None:
    """Label a logarithmic axis at 1, 2, 5, 10, ... without powers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def _shades(n: int) -> Any:
    """Return n colours along viridis, without its palest end."""
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0, 0.88, n))


@_styled
def staircase(axes: Axes, curves: LearningCurves, course: Course | None = None, modes: int = 20) -> Axes:
    """Draw the singular values of the vectors against time: theory dashed, measured solid.

    Time is in units of tau_1, when the first mode is half learned.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    curves : LearningCurves
    course : Course, optional
        The measured run.
    modes : int
        How many modes are shown.
    """
    modes = min(modes, curves.s.shape[1])
    unit = curves.tau[0]
    theory = np.sort(curves.s, axis=1)[:, ::-1][:, :modes]
    for k, shade in enumerate(_shades(modes)):
        if course is not None:
            axes.plot(course.times / unit, course.singular_values[:, k], color=shade, linewidth=2.6, alpha=0.45)
        axes.plot(curves.times / unit, theory[:, k], "--", color=shade, linewidth=1.1)
    _key(axes, course)
    _time_axis(axes, curves)
    axes.set(ylabel="singular values of the vectors")
    axes.set_ylim(bottom=0)
    _order_bar(axes, modes)
    return axes


def _order_bar(axes: Axes, modes: int) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    scale = ScalarMappable(Normalize(0.5, modes + 0.5), ListedColormap(_shades(modes)))
    bar = axes.figure.colorbar(scale, ax=axes, pad=0.01, fraction=0.04)
    bar.set_label("mode k, in the order of learning")
    bar.set_ticks(sorted({1, *range(5, modes + 1, 5)}))


def _key(axes: Axes, course: Course | None) -> None:
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color="black", linestyle="--", linewidth=1.1, label="theory")]
    if course is not None:
        lines.insert(0, Line2D([], [], color="black", linewidth=2.6, alpha=0.45, label="measured"))
    axes.legend(handles=lines, loc="upper left")


def _time_axis(axes: Axes, curves: LearningCurves) -> None:
    """Scale time logarithmically, from a little before the first mode."""
    from matplotlib.ticker import NullFormatter

    unit = curves.tau[0]
    axes.set_xscale("log")
    end = float(curves.times[-1] / unit)
    axes.set_xlim(min(0.6, 0.6 * end), end)
    ticks = [tick for tick in (0.6, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 100) if 0.6 <= tick <= end]
    axes.set_xticks(ticks[:: 1 + len(ticks) // 11])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(r"training time t, in units of $\tau_1$")


@_styled
def loss(axes: Axes, curves: LearningCurves, course: Course | None = None, modes: int = 20) -> Axes:
    """Draw the loss against time over its predicted plateaus.

    The unit is the share of ``|M*|_F^2`` that the vectors do not explain yet, if the curves know the norm; else
    the height of the first step.

    Parameters
    ----------
    axes, curves, course, modes
        See `staircase`.
    """
    modes = min(modes, len(curves.plateaus) - 1)

    def scaled(losses: Array) -> Array:
        if curves.norm is not None:
            return np.asarray(1 + 4 * losses / curves.norm**2)
        return np.asarray(losses / abs(curves.plateaus[1]))

    for k, level in enumerate(scaled(curves.plateaus[: modes + 1])):
        axes.axhline(level, color=GUIDE, linewidth=0.7, linestyle=":")
        if k <= 5 or k % 5 == 0:
            note = "no mode learned" if k == 0 else f"{k} mode" if k == 1 else f"{k} modes"
            axes.annotate(
                note, (1, level), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
                va="center", fontsize=7, color="#555555", annotation_clip=False,
            )  # fmt: skip
    if course is not None:
        axes.plot(course.times / curves.tau[0], scaled(course.losses), color=PALETTE[0], linewidth=2.6, alpha=0.45)
    axes.plot(curves.times / curves.tau[0], scaled(curves.loss), "--", color=PALETTE[0], linewidth=1.1)
    _key(axes, course)
    axes.get_legend().set_loc("lower left")
    _time_axis(axes, curves)
    axes.grid(False, axis="y")
    axes.set_ylabel(r"share of $|$M*$|_F^2$ not explained" if curves.norm else "loss / height of the first step")
    return axes


@_styled
def learning_times(axes: Axes, predicted: Array, fitted: Array | None = None, seeded: Array | None = None) -> Axes:
    """Draw the time at which each mode is half learned, in units of the first.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    predicted : array, shape (n,)
        tau_k, ``inf`` where a mode is never learned.
    fitted : array, shape (n,), optional
        The same, measured; NaN where it was not reached.
    seeded : array, shape (n,), optional
        Predictions that know no more of the start than its scale.
    """
    rank = np.arange(1, len(predicted) + 1)
    if fitted is not None:
        axes.plot(rank, fitted / predicted[0], "o", color=PALETTE[1], markersize=5, label="measured", alpha=0.7)
    axes.plot(rank, predicted / predicted[0], "--", color=PALETTE[0], label="theory")
    if seeded is not None:
        axes.plot(rank, seeded / predicted[0], ":", color=GUIDE, label="theory, scale of the start only")
    axes.set(xlabel="mode k", ylabel=r"half learned at $\tau_k/\tau_1$")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    return axes


@_styled
def scatter(axes: Axes, points: Array, marked: Mapping[str, Sequence[tuple[str, Array]]], limit: float) -> Axes:
    """Draw words as dots on PC 3 (across) and PC 1 (up), with some of them named.

    A name that would cover another one is left out; its dot stays.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    points : array, shape (n, 2)
    marked : mapping of str to sequence of (word, point)
        Groups of words with a colour each.
    limit : float
        Both axes reach from minus to plus this.
    """
    axes.plot(*points.T, ".", color="#C4C4C4", markersize=1.6, rasterized=True)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="PC 3", ylabel="PC 1", aspect="equal")
    taken: list[Any] = []
    for (_, group), colour in zip(marked.items(), PALETTE, strict=False):
        for word, point in group:
            axes.plot(*point, "o", color=colour, markersize=3)
            _name(axes, word, point, colour, taken)
    return axes


_PLACES = (
    (3, 3, "left", "bottom"), (3, -3, "left", "top"), (-3, 3, "right", "bottom"), (-3, -3, "right", "top"),
    (0, 6, "center", "bottom"), (0, -6, "center", "top"), (5, 0, "left", "center"), (-5, 0, "right", "center"),
)  # fmt: skip


def _halo() -> list[Any]:
    """Return the effect that parts text from what lies below it."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.8, foreground="white")]


def _name(axes: Axes, word: str, point: Array, colour: str, taken: list[Any]) -> None:
    """Write a word beside its point where it covers no other and stays inside."""
    frame = axes.get_window_extent()
    for dx, dy, across, up in _PLACES:
        text = axes.annotate(
            word, point, xytext=(dx, dy), textcoords="offset points", ha=across, va=up, fontsize=7, color=colour,
            path_effects=_halo(),
        )  # fmt: skip
        box = text.get_window_extent()
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
        if inside and not any(box.overlaps(other) for other in taken):
            taken.append(box)
            return
        text.remove()


@_styled
def concept_table(axes: Axes, concepts: Sequence[Concept], tau: Array | None = None) -> Axes:
    """Write the words at both ends of each direction as a table.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    concepts : sequence of Concept
    tau : array, optional
        Learning times, of mode 1 first; those of later concepts may be missing.
    """
    axes.axis("off")
    rows = len(concepts) + 1
    heads = ["k", "" if tau is None else r"$\tau_k/\tau_1$", "one end", "the other end"]
    places = [0.0, 0.05, 0.14, 0.58]
    for place, head in zip(places, heads, strict=True):
        axes.text(place, 1 - 0.5 / rows, head, weight="bold", va="center", transform=axes.transAxes)
    for i, concept in enumerate(concepts):
        y = 1 - (i + 1.5) / rows
        known = tau is not None and concept.number <= len(tau) and np.isfinite(tau[concept.number - 1])
        when = f"{tau[concept.number - 1] / tau[0]:.2f}" if tau is not None and known else ""
        ends = [" ".join(word for word, _ in end[:6]) for end in (concept.positive, concept.negative)]
        for place, cell, colour in zip(
            places, [str(concept.number), when, *ends], ["black", "black", *PALETTE[:2]], strict=True
        ):
            axes.text(place, y, cell, va="center", fontsize=8, color=colour, transform=axes.transAxes)
    return axes


@_styled
def overlap(axes: Axes, matrix: Array, rows: str, columns: str) -> Axes:
    """Draw the squared overlaps of two sets of directions as a heat map, from 0 to 1.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    matrix : array, shape (n, n)
        ``(v_i . u_j)^2``.
    rows, columns : str
        What v and u are.
    """
    n, m = matrix.shape
    image = axes.imshow(matrix, cmap="magma", vmin=0, vmax=1, extent=(0.5, m + 0.5, n + 0.5, 0.5), interpolation="none")
    axes.grid(False)
    axes.set(xlabel=columns, ylabel=rows)
    axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02, label="squared overlap")
    return axes


@_styled
def families(axes: Axes, across: Array, series: Mapping[str, Array], xlabel: str, ylabel: str, *, base: int) -> Axes:
    """Draw one line per family of analogies, over a logarithmic axis.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    across : array, shape (n,)
        Numbers of dimensions, or times.
    series : mapping of str to array, shape (n,)
        At most as many as `PALETTE` has colours.
    xlabel, ylabel : str
    base : int
        Of the logarithm: 2 for dimensions.
    """
    for (name, line), colour, marker in zip(series.items(), PALETTE, MARKERS, strict=False):
        axes.plot(across, line, marker=marker, color=colour, markersize=3.5, linewidth=1.1, label=name)
    axes.set_xscale("log", base=base)
    if base == 2:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        _plain_ticks(axes.xaxis)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return axes


@_styled
def title(axes: Axes, text: str) -> None:
    """Write a title over axes."""
    axes.set_title(text)


@_styled
def key_below(figure: Any, axes: Axes, columns: int = 4) -> None:
    """Put the key of axes below the whole figure."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns)


@_styled
def localisation(axes: Axes, shares: Array, notes: Mapping[int, str] | None = None) -> Axes:
    """Draw how much of the mean task vector each mode carries.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    shares : array, shape (d,)
        Summing to one.
    notes : mapping of int to str, optional
        Words to write at the bars of some modes, counted from 1.
    """
    rank = np.arange(1, len(shares) + 1)
    axes.bar(rank, shares, width=0.9, color=PALETTE[0])
    for number, note in sorted((notes or {}).items()):
        axes.annotate(
            note, (number, shares[number - 1]), xytext=(5, -1), textcoords="offset points", fontsize=7, va="center",
            color=PALETTE[1], path_effects=_halo(),
        )  # fmt: skip
    axes.grid(False, axis="x")
    axes.set(xlabel="mode k", ylabel="share", xlim=(0, len(shares) + 1))
    return axes


@_styled
def spike(axes: Axes, eigenvalues: Array, fit: SpikeFit) -> Axes:
    """Draw the spectrum of a family's task vectors: the bulk of Marchenko and Pastur, and one eigenvalue far out.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    eigenvalues : array, shape (N,)
        Of ``R R^T / d``, in descending order; a spike of zero is no spike.
    fit : SpikeFit
        Its density is scaled to the N - 1 eigenvalues of the bulk.
    """
    width = max(float(fit.upper), float(eigenvalues[1:].max(initial=0))) / 12
    edges = np.arange(0, eigenvalues[0] + 2 * width, width)
    axes.hist(eigenvalues[1:], edges, color=PALETTE[5], label="the others")
    axes.hist(eigenvalues[:1], edges, color=PALETTE[1], label="the largest eigenvalue")
    x = np.linspace(fit.lower, fit.upper, 400)
    axes.plot(
        x,
        (len(eigenvalues) - 1) * width * fit.density(x),
        "--",
        color="black",
        label="random vectors (Marchenko-Pastur)",
    )
    axes.set(xlabel="eigenvalue", ylabel="number", ylim=(0, None))
    axes.yaxis.get_major_locator().set_params(integer=True)
    return axes
