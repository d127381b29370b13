"""Figures of the paper on vectors: 3 (scores, concepts), 4 and 6 (task vectors), 8 (cosines)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from material import Material, Row, save

from fastqwem import WordVectors
from fastqwem.theory import concepts, plot, read_families, spike_fit, task_curve
from fastqwem.theory import task_vectors as task_vectors_of
from fastqwem.vectors import evaluate

SCORES = {  # Google analogies (regenerated), MEN, WS-353
    "word2vec": (0.680, 0.744, 0.698),
    "QWEM": (0.651, 0.755, 0.682),
    "svd(M*)": (0.663, 0.755, 0.683),
    "svd(PPMI)": (0.506, 0.740, 0.690),
    "svd(PMI)": (0.084, 0.448, 0.221),
}
SIGNAL = {  # family: (name in the paper, peak signal-to-noise, where, best accuracy)
    "gram6-nationality-adjective": ("country-nationality", 29.0, 45, 1.00),
    "family": ("male-female", 10.8, 32, 0.86),
    "gram7-past-tense": ("verb-past tense", 8.7, 32, 0.73),
    "gram1-adjective-to-adverb": ("adjective-adverb", 5.1, 32, 0.51),
    "gram2-opposite": ("adjective-antonym", 2.8, 8, 0.23),
}
EFFECTIVE = {  # family at d = 256: (d_eff, hand factor that is in it), for 128, 512 and 1024 only past tense is given
    "gram7-past-tense": (76.7, 1.1),
    "family": (50.4, 0.75),
    "gram1-adjective-to-adverb": (98.4, 0.75),
    "gram8-plural": (52.8, 0.8),
    "gram3-comparative": (83.4, 0.6),
}
LARGEST_SHARE = {
    "gram7-past-tense": 0.184, "family": 0.08, "gram1-adjective-to-adverb": 0.27, "gram8-plural": 0.085,
    "gram3-comparative": 0.285,
}  # fmt: skip
LABELS = {
    "snr": "signal-to-noise",
    "accuracy": "answered rightly",
    "cosine": "cosine to the answer",
    "cosine_ratio": "cosine to the answer / to its rival",
}
COSINES = {
    "gram6-nationality-adjective": 0.84, "family": 0.94, "gram7-past-tense": 0.70, "gram1-adjective-to-adverb": 0.81,
    "gram2-opposite": 0.72,
}  # fmt: skip


def scores(m: Material, folder: Path) -> list[Row]:
    """Figure 3 and the table of scores: analogies and similarities of each model, and the words of its concepts."""
    size = m.options.vector_size
    models: dict[str, WordVectors] = {"word2vec": m.sgns.vectors, "QWEM": m.qwem, "svd(M*)": m.spectrum.vectors(size)}
    models |= {f"svd({kind.upper()})": m.solved(size, kind).vectors() for kind in ("ppmi", "pmi")}
    rows = []
    for name, words in models.items():
        google = evaluate.analogies(words, m.questions, protocol="regenerated").accuracy
        men, ws353 = (
            evaluate.similarity(words, m.sets / "similarity" / f"EN-{file}.txt").spearman
            for file in ("MEN-TR-3k", "WS-353-ALL")
        )
        for what, ours, paper in zip(("analogies", "MEN", "WS-353"), (google, men, ws353), SCORES[name], strict=True):
            rows.append(Row(f"{what}, {name}", ours, paper, m.noise if name == "QWEM" else m.less_text))
    for name in ("word2vec", "svd(M*)", "svd(PPMI)"):
        drawn, axes = plot.figure(8.6, 3.4)
        plot.concept_table(axes, concepts(models[name], 12))
        save(drawn, folder / f"fig3_{name.strip('svd()').replace('*', '')}.png")
    return rows


def _curves(m: Material, names: Sequence[str]) -> dict[str, Any]:
    families = read_families(m.questions)
    known = set(m.counts.vocab.words)
    covered = [name for name in names if sum(known.issuperset(pair) for pair in families[name]) > 1]
    return {name: task_curve(m.long_spectrum, families[name], name=name) for name in covered}


def task_vectors(m: Material, folder: Path) -> list[Row]:
    """Figure 4: signal-to-noise and accuracy against d; where the past tense lies, its bulk and spike."""
    curves = _curves(m, list(SIGNAL))
    drawn, axes = plot.figure(9.6, 3.8, 1, 2)
    sizes = next(iter(curves.values())).sizes
    for axis, column in zip(axes, ("snr", "accuracy"), strict=True):
        lines = {n: getattr(c, column) for n, c in curves.items()}
        plot.families(axis, sizes, lines, "dimensions d", LABELS[column], base=2)
    plot.key_below(drawn, axes[0])
    save(drawn, folder / "fig4_signal.png")
    rows = []
    for name, curve in curves.items():
        label, snr, where, accuracy = SIGNAL[name]
        at = int(curve.sizes[curve.snr.argmax()])
        rows.append(
            Row(
                f"peak signal-to-noise, {label} (d = {at})",
                float(curve.snr.max()),
                snr,
                f"{m.less_text}; theirs at d = {where}",
            )
        )
        rows.append(
            Row(f"best accuracy, {label}", float(curve.accuracy.max()), accuracy, f"{m.less_text}; d up to {sizes[-1]}")
        )
    return rows + _close(m, folder, ["gram7-past-tense"], (128, 256, 512), "fig4")


def more_families(m: Material, folder: Path) -> list[Row]:
    """Figure 6: localisation and spectra of four more families at d = 256."""
    names = ["family", "gram1-adjective-to-adverb", "gram8-plural", "gram3-comparative"]
    return _close(m, folder, names, (256,), "fig6")


def _close(m: Material, folder: Path, names: Sequence[str], sizes: Sequence[int], figure: str) -> list[Row]:
    """Draw localisation, and bulk and spike at some sizes; return shares, effective dimensions and ratios of ones."""
    families = read_families(m.questions)
    rows = []
    told = concepts(m.long_spectrum, 100)
    for name in names:
        whole = task_vectors_of(m.long_spectrum, families[name], name)
        shares = whole.prefix(min(100, whole.matrix.shape[1])).shares
        strongest = int(shares.argmax())
        held = sorted({min(d, whole.matrix.shape[1]) for d in sizes})
        drawn, axes = plot.figure(4.2 * (1 + len(held)), 3.4, 1, 1 + len(held))
        words = " ".join(word for word, _ in told[strongest].positive[:3])
        plot.localisation(axes[0], shares, {strongest + 1: words})
        rows.append(
            Row(f"largest share, {name} (mode {strongest + 1})", float(shares.max()), LARGEST_SHARE[name], m.less_text)
        )
        for axis, d in zip(axes[1:], held, strict=True):
            part = whole.prefix(d)
            fit = spike_fit(part.matrix)
            plot.spike(axis, part.eigenvalues, fit)
            plot.title(axis, f"d = {d}, effective {fit.d_eff:.0f}")
            if d == 256:
                theirs, factor = EFFECTIVE[name]
                why = f"theirs from the edge, times {factor} by hand; ours by moments"
                rows.append(Row(f"effective d of 256, {name}", fit.d_eff, theirs, why))
            rows.append(Row(f"ratio of ones, {name}, d = {d}", fit.ones_ratio, "> 0.9"))
        save(drawn, folder / f"{figure}_{name}.png")
    return rows


def cosines(m: Material, folder: Path) -> list[Row]:
    """Figure 8: cosine of b - a + c with the answer, and over the answer's cosine to its nearest other word."""
    curves = _curves(m, list(SIGNAL))
    sizes = next(iter(curves.values())).sizes
    drawn, axes = plot.figure(9.6, 3.8, 1, 2)
    for axis, column in zip(axes, ("cosine", "cosine_ratio"), strict=True):
        lines = {n: getattr(c, column) for n, c in curves.items()}
        plot.families(axis, sizes, lines, "dimensions d", LABELS[column], base=2)
    plot.key_below(drawn, axes[0])
    save(drawn, folder / "fig8.png")
    return [
        Row(f"cosine at d = {sizes[0]}, {SIGNAL[name][0]}", float(curve.cosine[0]), COSINES[name], m.less_text)
        for name, curve in curves.items()
    ] + [
        Row(f"cosine falls by d = {sizes[-1]}, {SIGNAL[name][0]}", float(curve.cosine[-1] / curve.cosine[0]), "< 1")
        for name, curve in curves.items()
    ]  # fmt: skip
