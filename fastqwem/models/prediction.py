"""What a trained model says about text: the probability of sentences, and of the words of a context."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["predict_output_word", "score"]

logger = logging.getLogger("fastqwem.models.word2vec")

Floats = NDArray[np.float32]


def score(model: Any, sentences: Iterable[Any], most: int) -> Floats:
    """Return the log-probability of each sentence under hierarchical softmax, float32 (n,).

    Of skip-gram it is the sum over all pairs of words within `window`, of CBOW over all words given the mean (or sum)
    of their windows (Taddy 2015, arXiv 1504.07295). Unknown words are left out.

    Parameters
    ----------
    model : Word2Vec
    sentences : iterable of lists of words
    most : int
        Sentences after so many are not looked at.
    """
    scores = []
    for number, sentence in enumerate(sentences):
        if number >= most:
            logger.warning("score: stopped after total_sentences=%d sentences, there are more", most)
            break
        rows = [model.wv.key_to_index[word] for word in sentence if word in model.wv.key_to_index]
        scores.append(_skipgram(model, rows) if model.sg else _cbow(model, rows))
    return np.array(scores, np.float32)


def _windows(n_words: int, window: int) -> list[list[int]]:
    """Return the places around each place."""
    return [
        [at for at in range(max(0, center - window), min(n_words, center + window + 1)) if at != center]
        for center in range(n_words)
    ]


def _log_likelihood(model: Any, row: int, inputs: Floats) -> float:
    """Return the log-probability of a word given input vectors (n, d), summed over these."""
    codes, points = model.wv.expandos["code"][row], model.wv.expandos["point"][row]
    logits = inputs.astype(np.float64) @ model.syn1[points].astype(np.float64).T
    signs = 1.0 - 2.0 * np.asarray(codes, np.float64)
    return -float(np.logaddexp(0, -signs * logits).sum())


def _skipgram(model: Any, rows: list[int]) -> float:
    vectors = model.wv.vectors
    around = _windows(len(rows), model.window)
    return sum(
        _log_likelihood(model, row, vectors[[rows[at] for at in places]])
        for row, places in zip(rows, around, strict=True)
        if places
    )


def _cbow(model: Any, rows: list[int]) -> float:
    total = 0.0
    for row, places in zip(rows, _windows(len(rows), model.window), strict=True):
        total += _log_likelihood(model, row, _context(model, [rows[at] for at in places])[None])
    return total


def _context(model: Any, rows: list[int]) -> Floats:
    """Return the sum of vectors, or their mean if the model was trained on means."""
    total: Floats = model.wv.vectors[rows].sum(axis=0)
    return total / np.float32(len(rows)) if rows and model.cbow_mean else total


def predict_output_word(model: Any, words: Iterable[Any], topn: int) -> list[tuple[Any, np.float32]] | None:
    """Return the most probable words of the centre of a context, see `Word2Vec.predict_output_word`."""
    rows = [int(model.wv.get_index(word)) for word in words if word in model.wv]
    if not rows:
        logger.warning("predict_output_word: no word of the context is in the vocabulary")
        return None
    logits = model.syn1neg @ _context(model, rows)
    chances = np.exp(logits - logits.max())
    chances /= chances.sum()
    best = np.argsort(-chances, kind="stable")[: topn or None]
    return [(model.wv.index_to_key[row], chances[row]) for row in best.tolist()]
