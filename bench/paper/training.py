"""Figures of the paper on training: 1 (staircase), 2 (starts), 5 (overlaps), 7 (ablation)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from material import INIT, Material, Row, save

from fastqwem import solve
from fastqwem.theory import Recorder, compare, early_growth, feature_overlap, learning_curves, plot
from fastqwem.theory.measured import measured_run, plan

MODES = 20


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
    axes.plot(course.times, course.singular_values[:, :MODES], color=plot.PALETTE[0], linewidth=1)
    axes.set(xlabel="training time t of the flow", ylabel="singular values of word2vec's vectors")
    save(drawn, folder / "fig1_word2vec.png")
    values = m.spectrum.values
    return [
        Row("tau_1, measured / predicted - 1", float(found.tau_error[0]), -0.024, "finite steps are late"),
        Row("overlap of the top 5 with M*", found.overlap, 0.998, "exact gradients leave no noise"),
        Row("first plateau: lambda_1^2 / |M*|^2", float(values[0] ** 2 / norm**2), 0.1063, m.less_text),
        Row("s_1 at the end", float(np.sqrt(values[0])), 57.0, m.less_text),
        Row("s_20 at the end", float(np.sqrt(values[19])), "-"),
    ]  # fmt: skip


def _word2vec_course(m: Material, objective: str) -> Any:
    """Record singular values of word2vec's own weights, from a small start, at the ends of epochs."""
    first = solve(early_growth(m.counts, 1, 0.75, 1e-4), m.options.trained_size, progress=False)
    recorder = Recorder(_with_words(first, m), top=5)
    alpha = 0.025
    m.word2vec(
        objective, vector_size=m.options.trained_size, init=("normal", 1e-3), alpha=alpha, min_alpha=alpha,
        callbacks=[recorder.epoch],
    )  # fmt: skip
    return recorder.course()


def _with_words(spectrum: Any, m: Material) -> Any:
    spectrum.vocab = m.counts.vocab
    return spectrum


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
    drawn, axes = plot.figure(13, 4, 1, 3)
    for axis, objective, name in zip(axes, ("sgns", "qwem"), ("word2vec", "quadratic loss only"), strict=False):
        course = _word2vec_course(m, objective)
        axis.plot(course.times, course.singular_values[:, :MODES], color=plot.PALETTE[0], linewidth=1)
        axis.set(xlabel="training time t of the flow", ylabel="singular values")
        plot.title(axis, name)
    planned = plan(m.spectrum, m.options.trained_size, MODES, INIT)
    run = measured_run(m.target, m.spectrum, planned, progress=False)
    plot.staircase(axes[2], learning_curves(m.spectrum, run.course.times, init=planned.start), run.course, MODES)
    plot.title(axes[2], "both: QWEM")
    save(drawn, folder / "fig7.png")
    why = "the logistic loss with equal weights has no trainer here"
    return [Row("'Setting 3.1 only' (fourth panel)", "not made", "22.0 %", why)]
