"""Figures of the paper on training: 1 (staircase), 2 (starts), 5 (overlaps), 7 (ablation)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from material import INIT, Material, Row, save

from fastqwem import Target, solve, train_full_batch
from fastqwem.theory import compare, feature_overlap, learning_curves, plot
from fastqwem.theory.measured import measured_run, plan
from fastqwem.theory.report import leading

Array = np.ndarray[Any, np.dtype[Any]]
MODES = 20
WORDS = 2000  # for word2vec's own loss, which costs V^2 exponentials per step
STEPS = 400
EQUAL_WEIGHTS_END = 1.5  # in units of the time when QWEM has learned its last mode


def staircase(m: Material, folder: Path) -> list[Row]:
    """Figure 1: loss and singular values in time, theory dashed; QWEM by full-batch descent, word2vec by `train`."""
    planned = plan(m.spectrum, m.options.trained_size, MODES, INIT)
    run = measured_run(m.target, m.spectrum, planned, progress=False)
    norm = m.target.frobenius_norm()
    curves = learning_curves(m.spectrum, run.course.times, init=planned.start, norm=norm)
    found = compare(m.spectrum, run.course, planned.start, norm=norm)
    drawn, axes = plot.figure(12, 4, 1, 2)
    plot.loss(axes[0], curves, run.course, planned.modes)
    plot.staircase(axes[1], curves, run.course, planned.modes)
    save(drawn, folder / "fig1_qwem.png")
    course = _word2vec_course(m, "sgns")
    drawn, axes = plot.figure(6.5, 4)
    _draw_course(axes, course, "word2vec")
    save(drawn, folder / "fig1_word2vec.png")
    first, words = course[1][:, 0], f"{min(WORDS, len(m.corpus.vocab)):,} words"
    values = m.spectrum.values
    return [
        Row("tau_1, measured / predicted - 1", float(found.tau_error[0]), -0.024, "finite steps are late"),
        Row("overlap of the top 5 with M*", found.overlap, 0.998, "exact gradients leave no noise"),
        Row("first plateau: lambda_1^2 / |M*|^2", float(values[0] ** 2 / norm**2), 0.1063, m.less_text),
        Row("s_1 at the end", float(np.sqrt(values[0])), 57.0, m.less_text),
        Row("word2vec: largest s_1 / s_1 at the end", float(first.max() / first[-1]), 63 / 54, words),
    ]  # fmt: skip


def _word2vec_course(m: Material, objective: str) -> tuple[Array, Array]:
    """Return times and singular values of descent on the exact loss with word2vec's own weights, from a small start.

    The logistic loss has no sparse form, so this takes the first `WORDS` words only.
    """
    rows: list[tuple[float, Array]] = []
    train_full_batch(
        leading(m.counts, WORDS), m.options.trained_size, objective, tied=True, method="gd", max_steps=STEPS, tol=0,
        negative=1, sample=1e-4, init_scale=1e-3, dtype=np.float32, progress=False,
        record=lambda _, time, w: rows.append((time, np.linalg.svd(w, compute_uv=False)[:MODES])),
    )  # fmt: skip
    times, values = zip(*rows, strict=True)
    return np.array(times), np.array(values)


def _draw_course(
    axes: Any, course: tuple[Array, Array], name: str, time: str = "training time (rows at the pace of their weights)"
) -> None:
    axes.plot(*course, color=plot.PALETTE[0], linewidth=1)
    axes.set(xlabel=time, ylabel="singular values", ylim=(0, None))
    plot.title(axes, name)


def initialisations(m: Material, folder: Path) -> list[Row]:
    """Figure 2: QWEM and theory from a small and from a large start."""
    drawn, axes = plot.figure(12, 4, 1, 2)
    rows = []
    why = "steps are late by a fiftieth; from a large start modes also mix, which `fastqwem.theory.evolve` follows"
    for axis, scale in zip(axes, (0.1 / np.sqrt(m.options.trained_size), INIT), strict=True):
        planned = plan(m.spectrum, m.options.trained_size, MODES, float(scale))
        run = measured_run(m.target, m.spectrum, planned, progress=False)
        curves = learning_curves(m.spectrum, run.course.times, init=planned.start)
        plot.staircase(axis, curves, run.course, planned.modes)
        plot.title(axis, f"weights of size {scale:.2g} at the start")
        found = compare(m.spectrum, run.course, planned.start)
        worst = float(np.nanmax(found.curve_error[: planned.modes]))
        rows.append(Row(f"largest |s_k - theory| / s_1, start {scale:.2g}", worst, "coincide", why))
    save(drawn, folder / "fig2.png")
    return rows


def overlaps(m: Material, folder: Path) -> list[Row]:
    """Figure 5: squared overlaps of word2vec's directions with those of QWEM and of PPMI."""
    n = min(64, m.options.vector_size)
    drawn, axes = plot.figure(10, 4.4, 1, 2)
    rows = []
    for axis, name, other in zip(axes, ("M*", "PPMI"), (m.spectrum, m.solved(n, "ppmi")), strict=True):
        found = feature_overlap(m.sgns.vectors, other, n)
        plot.overlap(axis, found.matrix, "direction of word2vec", f"eigenvector of {name}")
        kept = float(found.matrix[:10, :10].sum() / 10)
        rows.append(
            Row(f"top-10 subspace: word2vec and {name}", kept, "bright" if name == "M*" else "blurred", m.less_text)
        )
    save(drawn, folder / "fig5.png")
    return rows


def ablation(m: Material, folder: Path) -> list[Row]:
    """Figure 7: singular values with the logistic or the quadratic loss, with word2vec's weights or equal ones."""
    drawn, axes = plot.figure(17, 4, 1, 4)
    for axis, objective, name in zip(axes, ("sgns", "qwem"), ("word2vec", "quadratic loss only"), strict=False):
        _draw_course(axis, _word2vec_course(m, objective), name)
    course, last = _equal_weights_course(m)
    _draw_course(axes[2], course, "equal weights only", "training time")
    planned = plan(m.spectrum, m.options.trained_size, MODES, INIT)
    run = measured_run(m.target, m.spectrum, planned, progress=False)
    plot.staircase(axes[3], learning_curves(m.spectrum, run.course.times, init=planned.start), run.course, MODES)
    plot.title(axes[3], "both: QWEM")
    save(drawn, folder / "fig7.png")
    first, words = course[1][:, 0], f"{last.n_words:,} words"
    why = f"{words}; the logistic loss has no finite optimum for pairs never seen"
    return [
        Row("equal weights, logistic: s_1 at the end / QWEM's s_1", float(first[-1] / last.qwem), "> 55/44", why),
        Row("the same when QWEM has learned it", float(first[last.learned] / last.qwem), "about 1", words),
    ]  # fmt: skip


@dataclass(frozen=True)
class _Beside:
    """QWEM's first singular value and the record at which it is learned, beside the run with the logistic loss."""

    qwem: float
    learned: int
    n_words: int


def _equal_weights_course(m: Material) -> tuple[tuple[Array, Array], _Beside]:
    """Return times and singular values of descent on the logistic loss where all pairs weigh alike, Setting 3.1 alone.

    A pair is a positive with the share ``p = (M + 2) / 4``, so the loss is ``-p log s(x) - (1 - p) log s(-x)``. Time is
    QWEM's: four times the slope ``s(x) - p`` agrees with ``x - M`` to first order. Dense, so with the first words only.
    """
    target = Target(leading(m.counts, WORDS))
    spectrum = solve(target, min(m.options.vector_size, target.shape[0] - 1), progress=False)
    planned = plan(spectrum, min(m.options.trained_size, len(spectrum)), MODES, INIT)
    share = ((target @ np.eye(target.shape[0])) / 4 + 0.5).astype(np.float32)
    w, step = planned.start, 0.1 / float(planned.values[0])
    rows = []
    for at in range(int(EQUAL_WEIGHTS_END * planned.end / step)):
        rows.append((at * step, np.linalg.svd(w, compute_uv=False)[:MODES]))
        slope = 1 / (1 + np.exp(-(w @ w.T))) - share
        w = w - np.float32(2 * step) * (slope @ w)
    times, values = (np.array(column) for column in zip(*rows, strict=True))
    qwem = float(np.sqrt(planned.values[0]))
    learned = int(np.abs(times - 2 * planned.tau[0]).argmin())
    return (times, values), _Beside(qwem, learned, target.shape[0])
