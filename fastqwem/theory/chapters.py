"""The sections of a report on training: spectrum, staircase, loss, concepts, vectors in time, overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..vectors.word_vectors import WordVectors
from . import plot, texts
from .compare import Comparison
from .concepts import Concept, feature_overlap
from .dynamics import LearningCurves
from .measured import STEP_SHARE, MeasuredRun
from .page import Picture, Section, Table
from .task_vectors import SpikeFit, TaskCurve, TaskVectors
from .texts import paragraphs

if TYPE_CHECKING:
    from ..spectral.spectrum import Spectrum

__all__ = ["Material", "chapters", "overlapping"]

Array = np.ndarray[Any, np.dtype[Any]]

DOTS = 5000
"""Words drawn in a scatter, evenly over the ranks."""
NAMED = 5
"""Words that a scatter names at each end of a direction."""
LISTED = 20
"""Directions whose words the page lists."""
ACROSS = 8
"""Words that the page lists at each end."""


@dataclass(frozen=True)
class Material:
    """Everything that a report is made of.

    Attributes
    ----------
    spectrum : Spectrum
    curves : LearningCurves
        Of the random start.
    init_scale : float
    modes : int
        How many modes the pictures of training show.
    seeded : array, shape (d,)
        Learning times for a start of which only the scale is known.
    run, comparison : MeasuredRun, Comparison, or None
    other : Spectrum, or None
        Of PPMI, for the overlap.
    concepts : sequence of Concept
        Empty without a vocabulary, as is what follows.
    frequent : int
        The words that they are told by.
    slices : sequence of (float, array of shape (V, d))
        Vectors at three times: of the run, or predicted.
    by_size, by_time : mapping of str to TaskCurve
        By family of analogies, most pairs first; by time only those that are drawn.
    tasks : mapping of str to (TaskVectors, SpikeFit)
        The families that are looked at closely.
    """

    spectrum: Spectrum
    curves: LearningCurves
    init_scale: float
    modes: int
    seeded: Array
    run: MeasuredRun | None = None
    comparison: Comparison | None = None
    other: Spectrum | None = None
    concepts: Sequence[Concept] = ()
    frequent: int = 0
    slices: Sequence[tuple[float, Array]] = ()
    by_size: Mapping[str, TaskCurve] = field(default_factory=dict)
    by_time: Mapping[str, TaskCurve] = field(default_factory=dict)
    tasks: Mapping[str, tuple[TaskVectors, SpikeFit]] = field(default_factory=dict)


def chapters(m: Material) -> list[Section]:
    """Return the sections on training that the material allows, drawn."""
    sections = [_spectrum(m), _staircase(m), _loss(m)]
    if m.concepts:
        sections += [_concepts(m), _slices(m)]
        if m.other is not None or m.run is not None:
            sections.append(_overlap(m))
    return sections


def overlapping(modes: int) -> int:
    """Return how many directions an overlap shows: those that training was waited for, and half as many more."""
    return modes + modes // 2


def _spectrum(m: Material) -> Section:
    drawn, axes = plot.figure(6.2, 3.8)
    values = m.spectrum.values
    plot.spectrum(axes, values)
    alt = f"Eigenvalues of M* against their rank, from {values[0]:.4g} down to {values[-1]:.4g}"
    return Section(
        "spectrum",
        "The spectrum of M*",
        paragraphs(texts.SPECTRUM),
        {"spectrum": Picture(plot.encode(drawn), alt)},
        data={"spectrum": Table(["mode", "eigenvalue"], [[k + 1, float(x)] for k, x in enumerate(values)])},
        numbers={"eigenvalues": values},
    )


def _staircase(m: Material) -> Section:
    drawn, axes = plot.figure(7.4, 4.2)
    plot.staircase(axes, m.curves, m.run.course if m.run else None, m.modes)
    timed, axes = plot.figure(6.2, 3.4)
    n = m.modes
    fitted = m.comparison.tau_fitted[:n] if m.comparison else None
    plot.learning_times(axes, m.curves.tau[:n], fitted, m.seeded[:n])
    rises = Picture(plot.encode(drawn), f"The singular values of {n} modes rise one after another")
    times = Picture(plot.encode(timed), "Learning time of each mode, predicted and measured", paragraphs(texts.TIMES))
    text = [*paragraphs(texts.STAIRCASE), *_what_was_trained(m)]
    pictures = {"staircase": rises, "learning_times": times}
    rows = [[*row[:5], *(f"{error:+.1%}" for error in row[5:])] for row in _times_table(m).rows]
    table = Table(["k", "λₖ", "τₖ", "τₖ / τ₁", "τₖ measured", "difference"][: len(rows[0])], rows)
    return Section("staircase", "What is learned when", text, pictures, table, _curve_data(m), _training_numbers(m))


def _what_was_trained(m: Material) -> list[str]:
    if m.run is None or m.comparison is None:
        return paragraphs(texts.NOT_MEASURED)
    words, size = m.run.vectors.shape
    return paragraphs(
        texts.MEASURED,
        steps=m.run.steps,
        words=words,
        size=size,
        scale=m.init_scale,
        worst=float(np.nanmax(np.abs(m.comparison.tau_error[: m.modes]))),
        late=STEP_SHARE / 4,
        top=m.comparison.course.top,
        overlap=m.comparison.overlap,
    )


def _times_table(m: Material) -> Table:
    head = ["mode", "eigenvalue", "tau", "tau_over_tau_1"]
    rows: list[list[Any]] = [
        [k + 1, float(m.curves.values[k]), float(m.curves.tau[k]), float(m.curves.tau[k] / m.curves.tau[0])]
        for k in range(m.modes)
    ]
    if m.comparison is not None:
        head += ["tau_measured", "error"]
        for k, row in enumerate(rows):
            row += [float(m.comparison.tau_fitted[k]), float(m.comparison.tau_error[k])]
    return Table(head, rows)


def _curve_data(m: Material) -> dict[str, Table]:
    head = ["time", *(f"s_{k + 1}" for k in range(m.modes)), "loss"]

    def table(times: Array, s: Array, losses: Array) -> Table:
        return Table(head, np.column_stack([times, s[:, : m.modes], losses]).tolist())

    data = {"theory": table(m.curves.times, m.curves.s, m.curves.loss), "learning_times": _times_table(m)}
    if m.run is not None:
        course = m.run.course
        data["measured"] = table(course.times, course.singular_values, course.losses)
    return data


def _training_numbers(m: Material) -> dict[str, Any]:
    numbers: dict[str, Any] = {"modes": m.modes, "tau": m.curves.tau, "seeds": m.curves.seeds}
    if m.run is not None and m.comparison is not None:
        c, n = m.comparison, m.modes
        numbers["measured"] = {
            "steps": m.run.steps,
            "seconds": m.run.seconds,
            "vector_size": m.run.vectors.shape[1],
            "tau": c.tau_fitted[:n],
            "tau_error": c.tau_error[:n],
            "curve_error": c.curve_error[:n],
            "subspace": c.course.top,
            "overlap": c.overlap,
            "angles_degrees": c.angles,
        }
    return numbers


def _loss(m: Material) -> Section:
    drawn, axes = plot.figure(7.4, 4.0)
    plot.loss(axes, m.curves, m.run.course if m.run else None, m.modes)
    numbers: dict[str, Any] = {"norm": m.curves.norm, "plateaus": m.curves.plateaus[: m.modes + 1]}
    if m.comparison is not None:
        numbers["measured"] = {
            "plateaus": m.comparison.plateau_measured[: m.modes + 1],
            "error_as_share_of_drop": m.comparison.plateau_error[: m.modes + 1],
            "largest_difference_as_share_of_drop": float(np.nanmax(np.abs(m.comparison.loss_error))),
        }
    pictures = {"loss": Picture(plot.encode(drawn), "The loss falls from plateau to plateau")}
    return Section("loss", "The loss is a staircase", paragraphs(texts.LOSS), pictures, numbers=numbers)


def _concepts(m: Material) -> Section:
    listed = m.concepts[:LISTED]
    drawn, axes = plot.figure(8.6, 0.4 + 0.24 * len(listed))
    plot.concept_table(axes, listed, m.curves.tau)
    tau = {k + 1: float(t / m.curves.tau[0]) for k, t in enumerate(m.curves.tau)}
    table = Table(
        ["k", "τₖ / τ₁", "one end", "the other end"],
        [[c.number, tau.get(c.number, np.nan), *(" ".join(words[:ACROSS]) for words in _ends(c))] for c in listed],
    )
    data = Table(
        ["mode", "strength", "end", "word", "score"],
        [
            [c.number, c.strength, end, word, score]
            for c in m.concepts
            for end, found in (("positive", c.positive), ("negative", c.negative))
            for word, score in found
        ],
    )
    numbers = [dict(zip(("mode", "positive", "negative"), (c.number, *_ends(c)), strict=True)) for c in m.concepts]
    pictures = {"concepts": Picture(plot.encode(drawn), "Words at both ends of the first directions", on_page=False)}
    text = paragraphs(texts.CONCEPTS, frequent=m.frequent)
    return Section("concepts", "Which concepts", text, pictures, table, {"concepts": data}, {"concepts": numbers})


def _ends(concept: Concept) -> tuple[list[str], list[str]]:
    """Return the words at both ends of a direction."""
    return [word for word, _ in concept.positive], [word for word, _ in concept.negative]


def _slices(m: Material) -> Section:
    drawn, axes = plot.figure(9.6, 3.5, 1, len(m.slices), squeeze=False)
    clouds = [_cloud(vectors, m.spectrum) for _, vectors in m.slices]
    assert m.spectrum.vocab is not None
    rows = m.spectrum.vocab.index
    groups = _marked(m)
    limit = 1.3 * max(float(np.abs(clouds[-1][rows[word]]).max()) for words in groups.values() for word in words)
    shown = np.unique(np.linspace(0, len(clouds[0]) - 1, DOTS).astype(np.int64))
    for axis, (time, _), cloud in zip(axes[0], m.slices, clouds, strict=True):
        marked = {name: [(word, cloud[rows[word]]) for word in words] for name, words in groups.items()}
        plot.title(axis, rf"t = {time / m.curves.tau[0]:.2f} $\tau_1$")
        plot.scatter(axis, cloud[shown], marked, limit)
    text = paragraphs(texts.SLICES, whose="of the run" if m.run else "as predicted")
    pictures = {"slices": Picture(plot.encode(drawn), "Words spread first along one direction, then in the plane")}
    numbers = {"times": [time for time, _ in m.slices], "marked": groups}
    return Section("slices", "The vectors unfold", text, pictures, numbers=numbers)


def _cloud(vectors: Array, spectrum: Spectrum) -> Array:
    """Return words on (PC 3, PC 1) of their vectors, uncentred, with the signs of the eigenvectors; float64 (V, 2)."""
    u, s, _ = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    columns = [min(2, len(s) - 1), 0]
    signs = [1.0 if u[:, k] @ spectrum.eigenvectors[:, k] >= 0 else -1.0 for k in columns]
    return np.asarray(u[:, columns] * (s[columns] * signs))


def _marked(m: Material) -> dict[str, list[str]]:
    """Return the words at the ends of directions 1 and 3, each once."""
    groups: dict[str, list[str]] = {}
    taken: set[str] = set()
    for k in sorted({0, min(2, len(m.concepts) - 1)}):
        for sign, end in zip("+-", _ends(m.concepts[k]), strict=True):
            words = [word for word in end if word not in taken][:NAMED]
            taken |= set(words)
            groups[f"PC {k + 1}{sign}"] = words
    return groups


def _overlap(m: Material) -> Section:
    n = min(len(m.curves.values), overlapping(m.modes))
    parts: list[tuple[str, str, Any, list[str]]] = []
    if m.run is not None and m.spectrum.vocab is not None:
        trained = WordVectors(m.spectrum.vocab, m.run.vectors)
        parts.append(("trained", "direction in training", trained, paragraphs(texts.OVERLAP_TRAINED, modes=m.modes)))
    if m.other is not None:
        parts.append(("ppmi", "eigenvector of PPMI", m.other, paragraphs(texts.OVERLAP_PPMI)))
    drawn, axes = plot.figure(4.6 * len(parts), 3.9, 1, len(parts), squeeze=False)
    text, matrices = paragraphs(texts.OVERLAP), {}
    for axis, (name, label, other, told) in zip(axes[0], parts, strict=True):
        matrices[name] = feature_overlap(m.spectrum, other, n).matrix
        plot.overlap(axis, matrices[name], "eigenvector of M*", label)
        text += told
    data = {
        f"overlap_{name}": Table([f"{name}_{j + 1}" for j in range(len(matrix))], matrix.tolist())
        for name, matrix in matrices.items()
    }
    numbers = {"diagonal": {name: np.diag(matrix) for name, matrix in matrices.items()}}
    pictures = {"overlap": Picture(plot.encode(drawn), "Squared overlaps of directions, as heat maps")}
    return Section("overlap", "The same directions?", text, pictures, data=data, numbers=numbers)
