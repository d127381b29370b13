"""The theory on one's own corpus: a folder with pictures, their numbers, and one page that explains them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import storage
from .._version import __version__
from ..checks import check_integer, check_real
from ..counts.cooccurrence import Cooccurrence
from ..progress import Progress
from ..spectral import Spectrum, Target, solve
from ..text.vocab import Vocab
from . import plot, texts
from .chapters import Material, chapters, overlapping
from .compare import compare
from .concepts import concepts
from .course import align
from .dynamics import expected_seeds, half_height_times, learning_curves
from .family_chapters import family_chapters
from .measured import MeasuredRun, Plan, measured_run, plan
from .page import Section, as_csv, as_json, as_page
from .task_vectors import read_families, spike_fit, task_curve, task_vectors

__all__ = ["Report", "leading", "report"]

Families = dict[str, list[tuple[str, str]]]

PAGE, SUMMARY, FIGURES, DATA = "report.html", "summary.json", "figures", "data"
FREQUENT = 4000
"""Concepts are told by the most frequent words only, as in the paper."""
TOLD = 50
"""Concepts whose words are saved."""
CLOSE = 4
"""Families whose task vectors are looked at closely: those with the most pairs."""
GRID = 10
"""Numbers of dimensions, and times, at which analogies are asked."""
CURVE = 500
"""Times at which the theory is drawn."""


@dataclass(frozen=True)
class Report:
    """What `report` wrote.

    Attributes
    ----------
    page : Path
        The HTML page; it needs none of the other files.
    numbers : dict
        What summary.json holds, by section; arrays where that has lists.
    seconds : dict
        On the clock: "spectrum", "training", "theory" and "pictures".
    """

    page: Path
    numbers: dict[str, Any]
    seconds: dict[str, float]

    def __str__(self) -> str:
        spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
        return f"{self.page} ({spent})"


def report(
    source: Cooccurrence | Target | Spectrum,
    folder: str | os.PathLike[str],
    *,
    analogies: str | os.PathLike[str] | None = None,
    training: bool = True,
    vector_size: int = 200,
    trained_size: int = 64,
    modes: int = 20,
    max_vocab: int | None = 10_000,
    init_scale: float = 1e-4,
    tol: float = 1e-5,
    seed: int = 0,
    workers: int = 0,
    title: str = "What word2vec learns, and when",
    progress: Progress = None,
) -> Report:
    """Write what the theory says of a corpus: pictures, their numbers, and a page that explains them.

    Parameters
    ----------
    source : Cooccurrence, Target or Spectrum
        Counts stand for their M*. A spectrum is enough for the theory, but there is nothing in it to train on.
    folder : path
        Made if it does not exist, in a folder that does. Gets ``report.html``, ``summary.json``, ``figures`` (PNG) and
        ``data`` (CSV). Every file is replaced whole, the page last.
    analogies : path, optional
        Questions, see `fastqwem.vectors.evaluate.analogies`: adds accuracies and task vectors.
    training : bool
        Run gradient descent and draw it beside the theory. Nothing is run for a spectrum.
    vector_size : int
        Eigenpairs to solve for, at most the number of words; a spectrum brings its own.
    trained_size, modes : int
        Dimensions of the training run, and how many modes it waits for; fewer where fewer are learned within ten times
        the first one's time.
    max_vocab : int, optional
        Keep only so many words of the counts, the first (most frequent) ones; None for all.
    init_scale : float
        Standard deviation of the weights at the start.
    tol, seed, workers
        See `fastqwem.solve`; the seed is that of the start, too.
    title : str
    progress : bool, callable or None

    Returns
    -------
    Report

    Raises
    ------
    ImportError
        If matplotlib is missing, before any work.
    ValueError, TypeError
        If an argument is out of range, no eigenvalue is positive, or no family of the questions has two pairs of words
        of the vocabulary.
    OSError
        If the folder cannot be written to.
    """
    plot.figure()
    for name, value in (("vector_size", vector_size), ("trained_size", trained_size), ("modes", modes)):
        check_integer(name, value, 1)
    check_real("init_scale", init_scale, 0, open_minimum=True)
    place = _ready(folder)
    questions = None if analogies is None else read_families(analogies)
    clock = _Clock()
    target = None if isinstance(source, Spectrum) else _target(source, max_vocab, workers)
    vocab = source.vocab if target is None else target.vocab
    families = {} if questions is None else _covered(questions, vocab, os.fspath(analogies or ""))
    if isinstance(source, Spectrum):
        spectrum = source
    else:
        size = min(vector_size, len(vocab or ()))
        spectrum = solve(target, size, tol=tol, seed=seed, workers=workers, progress=progress)
    clock.lap("spectrum")
    planned = plan(spectrum, min(trained_size, len(spectrum)), modes, init_scale, seed)
    clock.lap("theory")
    run = measured_run(target, spectrum, planned, progress) if training and target is not None else None
    clock.lap("training")
    material = _material(target, spectrum, planned, run, families, init_scale, clock)
    clock.lap("theory")
    sections = [*chapters(material), *family_chapters(material)]
    clock.lap("pictures")
    numbers = {
        "fastqwem": __version__,
        "words": len(spectrum.eigenvectors),
        "target": spectrum.target,
        "init_scale": init_scale,
        "seed": seed,
        "seconds": clock.seconds,
    } | {section.name: section.numbers for section in sections}
    page = as_page(
        title, [*texts.paragraphs(texts.LEAD), _about(spectrum, source)], sections, f"Made by fastqwem {__version__}."
    )
    return Report(_written(place, page, sections, numbers), numbers, clock.seconds)


class _Clock:
    """Seconds by part of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


def _ready(folder: str | os.PathLike[str]) -> Path:
    """Return the folder as one that can be written to; made here, so that long work does not end in an error."""
    place = Path(folder)
    if not place.is_dir():
        storage.check_writable(place)  # the folder around it
    for part in (place, place / FIGURES, place / DATA):
        part.mkdir(exist_ok=True)
        storage.check_writable(part / PAGE)
    return place


def _target(source: Any, max_vocab: int | None, workers: int) -> Target:
    """Return the target of counts cut down to the most frequent words."""
    if not isinstance(source, Cooccurrence | Target):
        raise TypeError(f"source must be a Cooccurrence, a Target or a Spectrum, got {type(source).__name__}")
    counts = source.counts if isinstance(source, Target) else source
    options = source.options if isinstance(source, Target) else {}
    if options.get("kind", "qwem") != "qwem":
        raise ValueError(f"source must be a target of kind 'qwem', what training learns, got {options['kind']!r}")
    if isinstance(source, Target) and (max_vocab is None or max_vocab >= len(counts.vocab)):
        return source
    target = Target(leading(counts, max_vocab), **options)
    target.workers = workers
    return target


def leading(counts: Cooccurrence, n_words: int | None) -> Cooccurrence:
    """Return the counts among the first words of the vocabulary; the same counts if it has no more."""
    if n_words is None or n_words >= len(counts.vocab):
        return counts
    vocab = Vocab(counts.vocab.words[:n_words], counts.vocab.counts[:n_words])
    matrix = counts.matrix[:n_words, :n_words]
    return Cooccurrence(matrix, vocab, counts.window, counts.weighting, counts.scale)


def _covered(families: Families, vocab: Vocab | None, path: str) -> Families:
    """Return the families with two pairs of known words, the largest first; ValueError if there is none."""
    if vocab is None:
        raise ValueError("analogies need words, and this spectrum has no vocabulary")
    known = set(vocab.words)
    kept = {name: [pair for pair in pairs if known.issuperset(pair)] for name, pairs in families.items()}
    found = {name: families[name] for name, pairs in kept.items() if len(pairs) > 1}
    if not found:
        total = sum(map(len, families.values()))
        raise ValueError(
            f"analogies: no family of {path} has two pairs among the {len(known)} words; of its {total} pairs "
            f"{sum(map(len, kept.values()))} are known"
        )
    return dict(sorted(found.items(), key=lambda item: -len(kept[item[0]])))


def _material(
    target: Target | None,
    spectrum: Spectrum,
    planned: Plan,
    run: MeasuredRun | None,
    families: Families,
    init_scale: float,
    clock: _Clock,
) -> Material:
    norm = None if target is None else target.frobenius_norm()
    times = np.concatenate(([0.0], np.geomspace(0.5 * planned.tau[0], planned.end, CURVE)))
    d = len(planned.tau)
    parts: dict[str, Any] = {
        "curves": learning_curves(spectrum, times, init=planned.start, norm=norm),
        "init_scale": init_scale,
        "modes": planned.modes,
        "seeded": half_height_times(planned.values, expected_seeds(init_scale, d)),
    }
    if run is not None:
        angles = align(spectrum, (run.vectors,), run.course.top).angles
        parts |= {"run": run, "comparison": compare(spectrum, run.course, planned.start, norm=norm, angles=angles)}
    if spectrum.vocab is not None:
        n = min(TOLD, len(spectrum))
        frequent = min(FREQUENT, len(spectrum.vocab))
        parts |= {"frequent": frequent, "concepts": concepts(spectrum, n, restrict_vocab=frequent)}
        parts["slices"] = run.slices if run is not None else _predicted_slices(spectrum, planned)
    parts |= _family_parts(spectrum, families, init_scale)
    if target is not None:
        clock.lap("theory")
        ppmi = Target(target.counts, kind="ppmi")
        ppmi.workers = target.workers
        parts["other"] = solve(ppmi, min(overlapping(planned.modes), d), workers=target.workers, progress=False)
        clock.lap("spectrum")
    return Material(spectrum, **parts)


def _predicted_slices(spectrum: Spectrum, planned: Plan) -> tuple[tuple[float, Any], ...]:
    """Return the vectors of the aligned flow, with the weights of words in them, as those of a run have them."""
    d, weights = len(planned.tau), spectrum.gamma[:, None]
    return tuple((t, weights * spectrum.matrix(d, time=t, init=planned.seeds)) for t in planned.slices)


def _family_parts(spectrum: Spectrum, families: Families, init_scale: float) -> dict[str, Any]:
    """Return what the questions say of the vectors by dimensions and by time."""
    if not families:
        return {}
    d = len(spectrum)
    tau = half_height_times(spectrum.values, expected_seeds(init_scale, d))
    learned = tau[np.isfinite(tau)]
    sizes = np.unique(np.geomspace(min(4, d), d, GRID).round().astype(np.int64))
    times = np.geomspace(learned.min(), 1.1 * learned.max(), GRID)
    by_size, by_time, tasks = {}, {}, {}
    for name, pairs in families.items():
        by_size[name] = task_curve(spectrum, pairs, sizes=sizes.tolist(), name=name)
    for name in list(families)[: len(plot.PALETTE)]:
        by_time[name] = task_curve(spectrum, families[name], times=times, init=init_scale, name=name)
    for name in [name for name, curve in by_size.items() if curve.n_pairs > 2][:CLOSE]:
        vectors = task_vectors(spectrum, families[name], name)
        tasks[name] = vectors, spike_fit(vectors.matrix)
    return {"by_size": by_size, "by_time": by_time, "tasks": tasks}


def _about(spectrum: Spectrum, source: Any) -> str:
    """Return one sentence on what the page is about."""
    options = ", ".join(f"{name} {value}" for name, value in spectrum.target.items())
    words = f"{len(spectrum.eigenvectors):,} words, {len(spectrum):,} directions"
    counts = source.counts if isinstance(source, Target) else source
    window = f", window {counts.window} ({counts.weighting})" if isinstance(counts, Cooccurrence) else ""
    return f"Here: {words}{window}" + (f"; target: {options}." if options else ".")


def _written(place: Path, page: str, sections: Sequence[Section], numbers: dict[str, Any]) -> Path:
    """Write every file of a report, the page last; return its path."""
    files: dict[Path, bytes] = {}
    for section in sections:
        files |= {place / FIGURES / f"{name}.png": picture.png for name, picture in section.pictures.items()}
        files |= {place / DATA / f"{name}.csv": as_csv(table) for name, table in section.data.items()}
    files[place / SUMMARY] = as_json(numbers)
    files[place / PAGE] = page.encode("utf-8")
    for path, content in files.items():
        with storage.atomic_write(path) as file:
            file.write(content)
    return place / PAGE
