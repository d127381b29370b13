"""How soon QWEM reaches a loss with exact negatives and with sampled ones (the row ``exact`` of ``training.py``).

Both runs minimise the same function, so one judge serves them: the mean over pairs of -s + s^2/4, for the same pairs
drawn from the corpus once, plus `negative` times the exact mean of s + s^2/4 over the noise distribution (a quadratic:
x mu + x Sigma x / 4). What each run prints while it trains is no judge: it belongs to vectors that change meanwhile.
Every point is a whole run with its own decay of the learning rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers.program import Settings

from fastqwem import Corpus

_DRAWN = 2_000_000  # candidate pairs; those that subsampling keeps are some 100,000s, standard error about 0.001
EPOCHS = (1, 2, 3, 5)


def drawn_pairs(corpus: Corpus, settings: Settings) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the words of random (context, center) pairs within windows that shrink, thinned by `sample`.

    Dropped tokens leave a gap here and are closed up in training: the same for both runs that are judged.
    """
    rng = np.random.default_rng(0)
    ids, offsets = corpus.ids, corpus.offsets
    reach = np.arange(1, settings.window + 1)
    distance = rng.choice(reach, _DRAWN, p=reach[::-1] / reach.sum())  # radii are uniform
    center = rng.integers(0, len(ids), _DRAWN)
    context = center + distance * rng.choice([-1, 1], _DRAWN)
    inside = (context >= 0) & (context < len(ids))
    sentence = [np.searchsorted(offsets, at, "right") for at in (center, context)]
    inside &= sentence[0] == sentence[1]
    frequency = corpus.vocab.counts / corpus.vocab.counts.sum()
    ratio = settings.sample / frequency
    keep = np.minimum(1, np.sqrt(ratio) + ratio) if settings.sample else np.ones_like(frequency)
    pairs = ids[context[inside]], ids[center[inside]]
    kept = (rng.random(len(pairs[0])) < keep[pairs[0]]) & (rng.random(len(pairs[1])) < keep[pairs[1]])
    return pairs[0][kept], pairs[1][kept]


def judge(corpus: Corpus, settings: Settings) -> Callable[[Any], float]:
    """Return the loss per pair as a function of a trained model."""
    contexts, centers = drawn_pairs(corpus, settings)
    noise = corpus.vocab.counts.astype(np.float64) ** 0.75
    noise /= noise.sum()

    def loss(model: Any) -> float:
        inputs, outputs = model.input_vectors, model.output_vectors
        x = inputs[contexts].astype(np.float64)
        s = np.einsum("ij,ij->i", x, outputs[centers].astype(np.float64))
        o = outputs.astype(np.float64)
        mu, sigma = noise @ o, (o * noise[:, None]).T @ o
        negatives = x @ mu + np.einsum("ij,ij->i", x @ sigma, x) / 4
        return float(np.mean(s * s / 4 - s) + settings.negative * np.mean(negatives))

    return loss


def soonest(points: Sequence[tuple[float, float]], target: float) -> float:
    """Return the least seconds of the points (seconds, loss) whose loss is at most `target`; infinity if none."""
    return min((seconds for seconds, loss in points if loss <= target), default=np.inf)


def print_exact(corpus: Corpus, settings: Settings, train: Callable[..., Any], alphas: Sequence[float] = ()) -> None:
    """Train both for several numbers of epochs, and print how long each takes to every loss the sampled one reaches."""
    loss = judge(corpus, settings)
    points: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for exact, reached in points.items():
        for epochs in EPOCHS:
            for alpha in alphas or (None,):
                model = train(objective="qwem", exact_negatives=exact, epochs=epochs, alpha=alpha)
                reached.append((sum(record.seconds for record in model.history), loss(model)))
                rate = "" if alpha is None else f", alpha {alpha}"
                kind = "exact" if exact else "sampled"
                print(f"  {kind}, {epochs} epochs{rate}: {reached[-1][0]:.2f} s, loss {reached[-1][1]:.4f}", flush=True)
    for target in sorted({target for _, target in points[False]}, reverse=True):
        sampled, exact = soonest(points[False], target), soonest(points[True], target)
        print(f"QWEM to loss {target:.4f}: exact {exact:.2f} s, sampled {sampled:.2f} s = {sampled / exact:.2f}x")
