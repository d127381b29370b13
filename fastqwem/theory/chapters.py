"""The sections of a report: what each picture shows, in words for readers who know word2vec but not the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from . import plot
from .compare import Comparison
from .concepts import Concept, feature_overlap
from .dynamics import LearningCurves
from .measured import MeasuredRun
from .page import Picture, Section, Table
from .task_vectors import SpikeFit, TaskCurve, TaskVectors

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


@dataclass(frozen=True)
class Material:
    """Everything that a report is made of.

    Attributes
    ----------
    spectrum : Spectrum
    curves : LearningCurves
        With the true seeds of the run if there is one.
    modes : int
        How many modes the pictures of training show.
    slices : sequence of (float, array of shape (V, d))
        Vectors at three times: of the run, or predicted.
    concepts : sequence of Concept
    run, comparison : MeasuredRun, Comparison, or None
    seeded : array, shape (d,)
        Learning times that know only the scale of the start.
    other : Spectrum, or None
        Of PPMI, for the overlap.
    by_size, by_time : mapping of str to TaskCurve
        By family of analogies, most pairs first.
    tasks : mapping of str to (TaskVectors, SpikeFit)
        The families that are looked at closely.
    """

    spectrum: Spectrum
    curves: LearningCurves
    modes: int
    seeded: Array
    slices: Sequence[tuple[float, Array]] = ()
    concepts: Sequence[Concept] = ()
    run: MeasuredRun | None = None
    comparison: Comparison | None = None
    other: Spectrum | None = None
    by_size: Mapping[str, TaskCurve] = field(default_factory=dict)
    by_time: Mapping[str, TaskCurve] = field(default_factory=dict)
    tasks: Mapping[str, tuple[TaskVectors, SpikeFit]] = field(default_factory=dict)


def chapters(material: Material) -> list[Section]:
    """Return the sections that the material allows, drawn."""
    sections = [_spectrum(material), _staircase(material), _loss(material)]
    if material.concepts:
        sections += [_concepts(material), _slices(material)]
    if material.other is not None or material.run is not None:
        sections.append(_overlap(material))
    if material.by_size:
        sections += [_analogies(material), _task_vectors(material)]
    return sections


def overlapping(modes: int) -> int:
    """Return how many directions an overlap shows: those that training was waited for, and half as many more."""
    return modes + modes // 2


def _spectrum(m: Material) -> Section:
    drawn, axes = plot.figure(6.2, 3.8)
    plot.spectrum(axes, m.spectrum.values)
    values = m.spectrum.values
    text = (
        "M* compares how often two words stand near each other with how often they would by chance. Its eigenvectors are "
        "directions of meaning, and an eigenvalue says how much of M* its direction explains. A direction is learned the "
        "sooner the larger its eigenvalue; that is all that decides the order.",
    )
    return Section(
        "spectrum", "The spectrum of M*", text,
        {"spectrum": Picture(plot.encode(drawn), f"Eigenvalues of M* against rank: {values[0]:.4g} down to {values[-1]:.4g}")},
        data={"spectrum": Table(["mode", "eigenvalue"], [[k + 1, float(x)] for k, x in enumerate(values)])},
        numbers={"eigenvalues": values},
    )  # fmt: skip


def _staircase(m: Material) -> Section:
    course = m.run.course if m.run else None
    drawn, axes = plot.figure(7.4, 4.2)
    plot.staircase(axes, m.curves, course, m.modes)
    timed, axes = plot.figure(6.2, 3.4)
    n = m.modes
    fitted = m.comparison.tau_fitted[:n] if m.comparison else None
    plot.learning_times(axes, m.curves.tau[:n], fitted, m.seeded[:n])
    text = [
        "The singular values of the matrix of vectors while it is trained. They start near zero; one after another rises "
        "along a sigmoid to the square root of its eigenvalue. Time counts in units of tau_1, at which the first direction "
        "is half learned. Theory has no parameter to fit: it knows M* and the random vectors at the start.",
        *_what_was_trained(m),
        "The second picture has the times at which the directions are half learned. The theory is tau_k = ln(lambda_k / s_k(0)^2) / "
        "lambda_k, where s_k(0) is how much of direction k the random start holds.",
    ]  # fmt: skip
    pictures = {
        "staircase": Picture(plot.encode(drawn), f"Singular values of {n} modes rise one after another"),
        "learning_times": Picture(plot.encode(timed), "Learning time of each mode, predicted and measured"),
    }
    return Section(
        "staircase", "What is learned when", text, pictures, _times_table(m), _curve_data(m), _training_numbers(m)
    )


def _what_was_trained(m: Material) -> list[str]:
    if m.run is None or m.comparison is None:
        return ["No training was run for this page, so only the prediction is drawn."]
    worst = float(np.nanmax(np.abs(m.comparison.tau_error[: m.modes])))
    v, d = m.run.vectors.shape
    return [
        f"Measured: {m.run.steps:,} steps of plain gradient descent on the exact loss, {v:,} words in {d} dimensions, every "
        f"weight random and small at the start. Learning times differ from the prediction by at most {worst:.1%}; steps "
        "that are not infinitely small make real training about 2.5 % late. At the end the first "
        f"{m.comparison.course.top} learned directions overlap with the eigenvectors of M* by {m.comparison.overlap:.4f} (1: the same)."
    ]  # fmt: skip


def _times_table(m: Material) -> Table:
    head = ["mode", "eigenvalue", "tau_k", "tau_k / tau_1"]
    rows: list[list[Any]] = [
        [k + 1, float(m.curves.values[k]), float(m.curves.tau[k]), float(m.curves.tau[k] / m.curves.tau[0])]
        for k in range(m.modes)
    ]
    if m.comparison is not None:
        head += ["measured tau_k", "measured / predicted - 1"]
        for k, row in enumerate(rows):
            row += [float(m.comparison.tau_fitted[k]), float(m.comparison.tau_error[k])]
    return Table(head, rows)


def _curve_data(m: Material) -> dict[str, Table]:
    head = ["time", *(f"s_{k + 1}" for k in range(m.modes)), "loss"]

    def rows(times: Array, s: Array, losses: Array) -> list[list[float]]:
        return np.column_stack([times, s[:, : m.modes], losses]).tolist()

    data = {"theory": Table(head, rows(m.curves.times, m.curves.s, m.curves.loss)), "learning_times": _times_table(m)}
    if m.run is not None:
        course = m.run.course
        data["measured"] = Table(head, rows(course.times, course.singular_values, course.losses))
    return data


def _training_numbers(m: Material) -> dict[str, Any]:
    numbers: dict[str, Any] = {"tau": m.curves.tau, "seeds": m.curves.seeds}
    if m.run is not None and m.comparison is not None:
        c = m.comparison
        numbers["measured"] = {
            "steps": m.run.steps, "seconds": m.run.seconds, "vector_size": m.run.vectors.shape[1],
            "tau": c.tau_fitted[: m.modes], "tau_error": c.tau_error[: m.modes], "curve_error": c.curve_error[: m.modes],
            "subspace": c.course.top, "overlap": c.overlap, "angles_degrees": c.angles,
        }  # fmt: skip
    return numbers


def _loss(m: Material) -> Section:
    drawn, axes = plot.figure(7.4, 4.0)
    plot.loss(axes, m.curves, m.run.course if m.run else None, m.modes)
    text = [
        "The loss falls in steps: it rests while no direction is being learned and drops when one is. Dotted lines are "
        "the plateaus that eigenvalues alone predict: learning direction k lowers the loss by lambda_k^2 / 4. Where eigenvalues lie "
        "close together the steps run into a slope."
    ]  # fmt: skip
    numbers: dict[str, Any] = {"norm": m.curves.norm, "plateaus": m.curves.plateaus[: m.modes + 1]}
    if m.comparison is not None:
        numbers["measured"] = {
            "plateaus": m.comparison.plateau_measured[: m.modes + 1],
            "share_of_drop": m.comparison.plateau_error[: m.modes + 1],
        }
    pictures = {"loss": Picture(plot.encode(drawn), "The loss falls in steps from plateau to plateau")}
    return Section("loss", "The loss, a staircase", text, pictures, numbers=numbers)


def _concepts(m: Material) -> Section:
    drawn, axes = plot.figure(8.6, 0.4 + 0.24 * min(LISTED, len(m.concepts)))
    plot.concept_table(axes, m.concepts[:LISTED], m.curves.tau)
    text = (
        "Each direction has two ends. These are the words farthest out on either end, among the most frequent words: what "
        "the model learns first is at the top. Which end is which has no meaning.",
    )
    unit = m.curves.tau[0]
    table = Table(
        ["mode", "tau_k / tau_1", "one end", "the other end"],
        [
            [c.number, float(m.curves.tau[c.number - 1] / unit), _words(c.positive), _words(c.negative)]
            for c in m.concepts[:LISTED]
            if c.number <= len(m.curves.tau)
        ],
    )  # fmt: skip
    data = Table(
        ["mode", "strength", "end", "word", "score"],
        [
            [c.number, c.strength, end, word, score]
            for c in m.concepts
            for end, found in (("positive", c.positive), ("negative", c.negative))
            for word, score in found
        ],
    )
    numbers = [{"mode": c.number, "positive": _listed(c.positive), "negative": _listed(c.negative)} for c in m.concepts]
    pictures = {"concepts": Picture(plot.encode(drawn), "Words at both ends of the first directions, as in the table")}
    return Section("concepts", "Which concepts", text, pictures, table, {"concepts": data}, {"concepts": numbers})


def _listed(found: Sequence[tuple[str, float]]) -> list[str]:
    return [word for word, _ in found]


def _words(found: Sequence[tuple[str, float]]) -> str:
    return " ".join(_listed(found)[:8])


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
        plot.scatter(axis, cloud[shown], marked, limit)
        axis.set_title(rf"t = {time / m.curves.tau[0]:.2f} $\tau_1$")
    whose = "of the run" if m.run else "as predicted"
    text = (
        f"The vectors {whose} at three times, seen along their first and third principal directions. First all words sit in one "
        "point; then they spread along the first direction only; then the second and the third one open the plane. "
        "Coloured words are those at the ends of directions 1 and 3.",
    )
    pictures = {"slices": Picture(plot.encode(drawn), "Words spread first along one direction, then in the plane")}
    numbers = {"times": [time for time, _ in m.slices], "marked": groups}
    return Section("slices", "The vectors, as they unfold", text, pictures, numbers=numbers)


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
        for sign, found in (("+", m.concepts[k].positive), ("-", m.concepts[k].negative)):
            words = [word for word in _listed(found) if word not in taken][:NAMED]
            taken |= set(words)
            groups[f"PC {k + 1}{sign}"] = words
    return {name: words for name, words in groups.items() if words}


def _overlap(m: Material) -> Section:
    from ..vectors.word_vectors import WordVectors

    n = min(len(m.curves.values), overlapping(m.modes))
    parts = []
    if m.run is not None and m.spectrum.vocab is not None:
        parts.append(("trained", "direction learned in training", WordVectors(m.spectrum.vocab, m.run.vectors)))
    if m.other is not None:
        parts.append(("ppmi", "direction of PPMI", m.other))
    drawn, axes = plot.figure(4.6 * len(parts), 4.0, 1, len(parts), squeeze=False)
    numbers = {}
    for axis, (name, label, other) in zip(axes[0], parts, strict=True):
        found = feature_overlap(m.spectrum, other, n)
        plot.overlap(axis, found.matrix, "eigenvector of M*", label)
        numbers[name] = found.matrix
    text = [
        "How alike the directions of two models are: a bright square is a direction that both have. "
        + ("Left, training against M*: a bright diagonal means that training found these very directions, in this order; "
           f"beyond mode {m.modes} it had not finished. " if m.run else "")
        + ("PPMI, which is often factorised in place of M*, shares the first directions and mixes the later ones." if m.other else "")
    ]  # fmt: skip
    pictures = {"overlap": Picture(plot.encode(drawn), "Squared overlaps of directions, as heat maps")}
    data = {
        f"overlap_{name}": Table([f"{name}_{j + 1}" for j in range(len(matrix))], matrix.tolist())
        for name, matrix in numbers.items()
    }
    diagonal = {name: np.diag(matrix) for name, matrix in numbers.items()}
    return Section("overlap", "The same directions?", text, pictures, data=data, numbers={"diagonal": diagonal})


def _analogies(m: Material) -> Section:
    drawn, axes = plot.figure(9.6, 3.9, 1, 2, sharey=True)
    shown = list(m.by_size)[: len(plot.PALETTE)]
    sizes = m.by_size[shown[0]].sizes
    plot.families(
        axes[0], sizes, {f: m.by_size[f].accuracy for f in shown}, "dimensions d", "analogies answered rightly", base=2
    )
    if m.by_time:
        times = m.by_time[shown[0]].times
        assert times is not None
        plot.families(
            axes[1], times / m.curves.tau[0], {f: m.by_time[f].accuracy for f in shown},
            r"training time t, in units of $\tau_1$", "", base=10,
        )  # fmt: skip
    axes[0].set_ylim(0, 1.02)
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    text = (
        "Analogies such as man : woman :: king : ?, top-1, by family. Left, vectors of d dimensions; right, vectors of all "
        f"{len(m.spectrum)} dimensions, stopped at time t. Stopping early and having few dimensions come to the same: "
        "a direction that is not learned yet is a direction that is not there.",
    )
    rows = [
        [curve.name, curve.n_pairs, int(curve.sizes[i]), *( [""] if curve.times is None else [float(curve.times[i])]),
         *(float(x[i]) for x in (curve.accuracy, curve.snr, curve.participation, curve.d_eff, curve.cosine, curve.cosine_ratio))]
        for curve in [*m.by_size.values(), *m.by_time.values()]
        for i in range(len(curve.accuracy))
    ]  # fmt: skip
    head = [
        "family", "pairs", "d", "time", "accuracy", "snr", "participation", "d_eff", "cosine", "cosine_ratio",
    ]  # fmt: skip
    table = Table(
        ["family", "pairs", "best accuracy", "at d", "peak signal-to-noise", "at d"],
        [
            [c.name, c.n_pairs, float(c.accuracy.max()), int(c.sizes[c.accuracy.argmax()]), float(c.snr.max()),
             int(c.sizes[c.snr.argmax()])]
            for c in m.by_size.values()
        ],
    )  # fmt: skip
    numbers = {
        c.name: {"pairs": c.n_pairs, "asked": c.asked, "d": c.sizes, "accuracy": c.accuracy, "snr": c.snr}
        for c in m.by_size.values()
    }
    pictures = {"analogies": Picture(plot.encode(drawn), "Accuracy of families of analogies against d and t")}
    return Section(
        "analogies", "Analogies, by dimensions and by time", text, pictures, table, {"families": Table(head, rows)}, numbers
    )


def _task_vectors(m: Material) -> Section:
    shown = list(m.by_size)[: len(plot.PALETTE)]
    sizes = m.by_size[shown[0]].sizes
    noise, axes = plot.figure(9.6, 3.6, 1, 3)
    for axis, name, label in zip(
        axes, ("snr", "cosine", "cosine_ratio"),
        ("signal-to-noise", "cosine of b - a + c with the answer", "that cosine / answer's to its best rival"), strict=True,
    ):  # fmt: skip
        plot.families(axis, sizes, {f: getattr(m.by_size[f], name) for f in shown}, "dimensions d", label, base=2)
    noise.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    local, axes = plot.figure(9.6, 4.6, 2, 2, squeeze=False)
    for axis, (name, (vectors, _)) in zip(axes.flat, m.tasks.items(), strict=False):
        shares = vectors.shares[:100]
        top = np.argsort(shares)[::-1][:2]
        plot.localisation(axis, shares, {int(k) + 1: _brief(m, int(k)) for k in top})
        axis.set_title(name)
    _drop_empty(axes, len(m.tasks))
    bulk, axes = plot.figure(9.6, 4.6, 2, 2, squeeze=False)
    for axis, (name, (vectors, fit)) in zip(axes.flat, m.tasks.items(), strict=False):
        plot.spike(axis, vectors.eigenvalues, fit)
        axis.set_title(f"{name}: effective d = {fit.d_eff:.0f} of {len(m.spectrum)}")
    _drop_empty(axes, len(m.tasks))
    text = (
        "The difference of the two vectors of each pair of a family (woman - man, queen - king, ...) is its task vector. If all "
        "pairs of a family had the same one, analogies would be exact. Signal-to-noise compares what they have in common with what they "
        "differ in: it rises while directions are added that matter for the family, and falls when further ones add noise.",
        "The common part is made of few directions; the bars show which, with words of the strongest.",
        "The spectrum of a family's task vectors looks like that of random vectors (a bulk, with the curve that random matrix theory "
        "gives for it, fitted by its moments) plus one eigenvalue far outside: the direction that all pairs share.",
    )
    numbers = {
        name: {
            "pairs": len(v.pairs), "snr": v.snr, "participation": v.participation, "ones_ratio": fit.ones_ratio,
            "d_eff": fit.d_eff, "sigma2": fit.sigma2, "outlier": fit.outlier, "bulk_edges": [fit.lower, fit.upper],
        }
        for name, (v, fit) in m.tasks.items()
    }  # fmt: skip
    data = {
        "localisation": Table(
            ["family", "mode", "share"],
            [[name, k + 1, float(x)] for name, (v, _) in m.tasks.items() for k, x in enumerate(v.shares)],
        )
    }
    pictures = {
        "signal_to_noise": Picture(plot.encode(noise), "Signal-to-noise and cosines of task vectors against d"),
        "localisation": Picture(plot.encode(local), "Share of each mode in the mean task vector"),
        "spike": Picture(plot.encode(bulk), "Spectra of task vectors: a bulk and one outlier"),
    }
    return Section("task_vectors", "Task vectors", text, pictures, data=data, numbers=numbers)


def _brief(m: Material, k: int) -> str:
    """Return a few words of direction k, from 0."""
    return " ".join(_listed(m.concepts[k].positive)[:3]) if k < len(m.concepts) else ""


def _drop_empty(axes: Any, used: int) -> None:
    for axis in list(axes.flat)[used:]:
        axis.remove()
