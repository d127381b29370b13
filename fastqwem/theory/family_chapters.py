"""The sections of a report on analogies: accuracy by dimensions and time, and the task vectors of each family."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import plot, texts
from .chapters import Material
from .page import Picture, Section, Table
from .texts import paragraphs

__all__ = ["family_chapters"]

BARS = 100
"""Directions whose share in a task vector is drawn."""
COLUMNS = ("accuracy", "snr", "participation", "d_eff", "cosine", "cosine_ratio")


def family_chapters(m: Material) -> list[Section]:
    """Return the sections on analogies, drawn; none if there were no questions."""
    return [_analogies(m), _task_vectors(m)] if m.by_size else []


def _shown(m: Material) -> list[str]:
    return list(m.by_size)[: len(plot.PALETTE)]


def _analogies(m: Material) -> Section:
    drawn, axes = plot.figure(9.6, 4.0, 1, 2, sharey=True)
    sizes, times = next(iter(m.by_size.values())).sizes, next(iter(m.by_time.values())).times
    assert times is not None
    right = {name: m.by_size[name].accuracy for name in _shown(m)}
    plot.families(axes[0], sizes, right, "dimensions d", "answered rightly", base=2)
    right = {name: m.by_time[name].accuracy for name in _shown(m)}
    plot.families(axes[1], times / m.curves.tau[0], right, r"training time t, in units of $\tau_1$", "", base=10)
    axes[0].set_ylim(-0.02, 1.02)
    plot.key_below(drawn, axes[0])
    table = Table(
        ["family", "pairs", "best accuracy", "at d", "best signal-to-noise", "at d"],
        [
            [c.name, c.n_pairs, *(x for line in (c.accuracy, c.snr) for x in _best(line, c.sizes))]
            for c in m.by_size.values()
        ],
    )
    numbers = {
        c.name: {"pairs": c.n_pairs, "asked": c.asked, "d": c.sizes, "accuracy": c.accuracy, "snr": c.snr}
        for c in m.by_size.values()
    }
    pictures = {"analogies": Picture(plot.encode(drawn), "Accuracy by family, against dimensions and against time")}
    text = paragraphs(texts.ANALOGIES, size=len(m.spectrum))
    return Section(
        "analogies", "Analogies, by dimensions and by time", text, pictures, table, {"families": _points(m)}, numbers
    )


def _best(line: Any, sizes: Any) -> tuple[float, int | float]:
    """Return the largest value that there is, and where."""
    if np.isnan(line).all():
        return np.nan, np.nan
    at = int(np.nanargmax(line))
    return float(line[at]), int(sizes[at])


def _points(m: Material) -> Table:
    rows = [
        [
            c.name,
            c.n_pairs,
            int(c.sizes[i]),
            "" if c.times is None else float(c.times[i]),
            *(float(getattr(c, column)[i]) for column in COLUMNS),
        ]
        for c in [*m.by_size.values(), *m.by_time.values()]
        for i in range(len(c.sizes))
    ]
    return Table(["family", "pairs", "d", "time", *COLUMNS], rows)


def _task_vectors(m: Material) -> Section:
    pictures = {
        "signal_to_noise": Picture(_noise(m), "Signal-to-noise and cosines of task vectors against dimensions"),
    }
    if m.tasks:
        bars, spikes = _close(m)
        pictures |= {
            "localisation": Picture(
                bars, "Share of each direction in the mean task vector", paragraphs(texts.LOCALISATION)
            ),
            "spike": Picture(spikes, "Eigenvalues of task vectors: a bulk and one outlier", paragraphs(texts.SPIKE)),
        }
    shares = [[name, k + 1, float(x)] for name, (v, _) in m.tasks.items() for k, x in enumerate(v.shares)]
    numbers = {
        name: {
            "pairs": len(v.pairs),
            "snr": v.snr,
            "participation": v.participation,
            "ones_ratio": fit.ones_ratio,
            "d": v.matrix.shape[1],
            "d_eff": fit.d_eff,
            "sigma2": fit.sigma2,
            "outlier": fit.outlier,
            "bulk_edges": [fit.lower, fit.upper],
        }
        for name, (v, fit) in m.tasks.items()
    }
    data = {"localisation": Table(["family", "mode", "share"], shares)}
    return Section("task_vectors", "Task vectors", paragraphs(texts.TASKS), pictures, data=data, numbers=numbers)


def _noise(m: Material) -> bytes:
    """Draw signal-to-noise and the two cosines of all families."""
    drawn, axes = plot.figure(9.6, 3.7, 1, 3)
    sizes = next(iter(m.by_size.values())).sizes
    labels = {
        "snr": "signal-to-noise",
        "cosine": "cosine to the answer",
        "cosine_ratio": "cosine to the answer / to its rival",
    }
    for axis, (column, label) in zip(axes, labels.items(), strict=True):
        lines = {name: getattr(m.by_size[name], column) for name in _shown(m)}
        plot.families(axis, sizes, lines, "dimensions d", label, base=2)
    plot.key_below(drawn, axes[0])
    return plot.encode(drawn)


def _close(m: Material) -> tuple[bytes, bytes]:
    """Draw the families that are looked at closely: where their task vectors lie, and bulk and spike."""
    rows = (len(m.tasks) + 1) // 2
    local, left = plot.figure(9.6, 2.3 * rows, rows, 2, squeeze=False)
    bulk, right = plot.figure(9.6, 2.5 * rows, rows, 2, squeeze=False)
    for bars, spikes, (name, (vectors, fit)) in zip(left.flat, right.flat, m.tasks.items(), strict=False):
        shares = vectors.shares[:BARS]
        strongest = np.argsort(shares)[::-1][:2].tolist()
        plot.localisation(bars, shares, {k + 1: _brief(m, k) for k in strongest})
        plot.spike(spikes, vectors.eigenvalues, fit)
        plot.title(bars, name)
        plot.title(spikes, f"{name}: effective d = {fit.d_eff:.0f} of {vectors.matrix.shape[1]}")
    for axis in [*list(left.flat)[len(m.tasks) :], *list(right.flat)[len(m.tasks) :]]:
        axis.remove()
    plot.key_below(bulk, right[0, 0])
    return plot.encode(local), plot.encode(bulk)


def _brief(m: Material, k: int) -> str:
    """Return a few words of direction k, counted from 0, or its number."""
    words = [word for word, _ in m.concepts[k].positive[:3]] if k < len(m.concepts) else []
    return f"{k + 1}: {' '.join(words)}"
