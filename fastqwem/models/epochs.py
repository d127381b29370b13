"""Training a gensim-shaped model by the engine: matrices go in, epochs run, matrices come out."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..errors import DivergedError
from ..text.collect import Sentences
from ..text.vocab import Vocab
from ..training.engine import Engine
from ..training.options import Options
from ..training.schedule import Schedule
from ..training.state import EpochRecord, mean_loss

__all__ = ["SHARED_NEGATIVES", "Run"]

SHARED_NEGATIVES = {"skipgram": 2, "cbow": 4}
"""Successive center words that share their negatives, see `fastqwem.train`."""

logger = logging.getLogger("fastqwem.models.word2vec")

Floats = NDArray[np.float32]


def _references(table: dict[str, Any], name: str) -> int:
    """Return how many references to an entry of a table there are, as this function counts them."""
    entry = table[name]
    return sys.getrefcount(entry)


_ALONE = _references({"entry": object()}, "entry")


@dataclass
class _Matrix:
    """A matrix of the model and the engine's copy of it.

    Attributes
    ----------
    owner, attribute : object, str
        Where the model keeps it.
    name : str
        What the engine calls it.
    spare_row : bool
        The model has a last row that nothing uses: gensim's matrix of inner nodes has one row per word.
    """

    owner: Any
    attribute: str
    name: str
    spare_row: bool = False

    def current(self) -> Floats:
        """Return the model's matrix, of the engine's shape."""
        matrix = getattr(self.owner, self.attribute)
        return matrix[: len(matrix) - 1] if self.spare_row else matrix  # type: ignore[no-any-return]

    def lend(self) -> None:
        """Free the model's memory while the engine has the matrix, if nobody else looks at it."""
        array = self.owner.__dict__[self.attribute]
        held = isinstance(array.base, np.ndarray) or self.spare_row
        del array
        if not held and _references(self.owner.__dict__, self.attribute) <= _ALONE:
            array = self.owner.__dict__[self.attribute]
            setattr(self.owner, self.attribute, np.broadcast_to(np.float32(0), array.shape))

    def give_back(self, trainer: _core.Trainer, last: bool) -> None:
        """Put the engine's matrix back: into the model's array, which others may hold, else in its place."""
        array = self.owner.__dict__[self.attribute]
        live = trainer.matrix(self.name)
        if array.flags.writeable and array.dtype == np.float32:
            array[: len(live)] = live
        elif self.spare_row:
            setattr(self.owner, self.attribute, np.vstack([live, np.zeros((1, live.shape[1]), np.float32)]))
        else:
            setattr(self.owner, self.attribute, trainer.take(self.name) if last else np.array(live))


class Run:
    """One call of `Word2Vec.train`.

    Parameters
    ----------
    model : Word2Vec
        Its `alpha` and `min_alpha` are looked at before each epoch, since callbacks may change them.
    workers : int
    epochs : int
    report_delay : float
        Seconds between two lines of the log.
    """

    def __init__(self, model: Any, workers: int, epochs: int, report_delay: float) -> None:
        self.model, self.workers, self.report_delay = model, workers, report_delay
        self.first_epoch, self.epochs = model.epochs_done, epochs
        wv = model.wv
        self.matrices = [_Matrix(wv, "vectors", "input")]
        if model.negative:
            self.matrices.append(_Matrix(model, "syn1neg", "output"))
        hs = bool(model.hs) and len(wv) > 1  # a tree of one word has no decisions
        if hs:
            self.matrices.append(_Matrix(model, "syn1", "nodes", spare_row=True))
        counts = np.ascontiguousarray(wv.expandos["count"], np.int64)
        self.engine = Engine(_options(model, counts, hs), Vocab._trusted(wv.index_to_key, counts))
        if hs:
            self.engine.trainer.set_huffman(*_tree(wv))
        locks = np.asarray(getattr(wv, "vectors_lockf", np.ones(1)), np.float32).reshape(-1)
        if len(locks) and not (locks == 1).all():
            self.engine.trainer.set_locks(np.ascontiguousarray(locks[np.arange(len(wv)) % len(locks)]))
        self.take_in()

    def take_in(self) -> None:
        """Give the engine the model's matrices."""
        self.engine.load({matrix.name: matrix.current() for matrix in self.matrices})

    def lend(self) -> None:
        """Let go of the model's matrices, for as long as nobody looks at the model."""
        for matrix in self.matrices:
            matrix.lend()

    def give_back(self, last: bool) -> None:
        """Give the model the engine's matrices; if it is for the last time, the engine may lose them."""
        for matrix in self.matrices:
            matrix.give_back(self.engine.trainer, last)
        self.model.wv.norms = None

    def epoch(self, sentences: Sentences, number: int) -> EpochRecord:
        """Train for one epoch, `number` from 0 within this run, and return its record.

        Raises
        ------
        DivergedError
            If numbers grow beyond float32.
        KeyboardInterrupt
            On Ctrl-C, within a second; what was trained so far stays.
        """
        trainer, n_tokens = self.engine.trainer, len(sentences.ids)
        n_chunks = -(-n_tokens // _core.TRAINING_CHUNK)
        epoch = self.first_epoch + number
        schedule = Schedule(self.model.alpha, self.model.min_alpha, self.first_epoch, self.epochs)
        rates = schedule.rates(max(n_tokens, 1), epoch, 0, n_chunks)
        trainer.reset_totals()
        start = time.perf_counter()
        if n_chunks:
            report = self._reporter(number, start) if logger.isEnabledFor(logging.INFO) else None
            trainer.train(sentences.ids, sentences.offsets, epoch, 0, n_chunks, rates, self.workers, report)
        seconds = time.perf_counter() - start
        loss, pairs, words = trainer.totals()
        alpha = float(rates[-1]) if n_chunks else schedule.alpha
        if trainer.diverged or not self.engine.is_finite():
            raise DivergedError(
                f"training diverged in epoch {number + 1} at the learning rate {alpha:g}: lower alpha "
                f"(it began with {schedule.alpha:g})",
                number + 1,
                alpha,
                self.model,
            )
        speed = n_tokens / max(seconds, 1e-9)
        record = EpochRecord(epoch + 1, alpha, mean_loss(loss, pairs), None, pairs, words, seconds, speed)
        self.model._note_epoch(record, loss)
        return record

    def _reporter(self, number: int, start: float) -> Callable[[int, int], None]:
        """Return what writes a line to the log every `report_delay` seconds."""
        last = start

        def report(done: int, total: int) -> None:
            nonlocal last
            now = time.perf_counter()
            if now - last < self.report_delay or not total:
                return
            last = now
            logger.info(
                "EPOCH %d - PROGRESS: at %.2f%% words, %.0f words/s",
                *(number, 100 * done / total, done / max(now - start, 1e-9)),
            )

        return report


def _options(model: Any, counts: NDArray[np.int64], hs: bool) -> Options:
    """Return the engine's options for a model's attributes; TypeError or ValueError names what cannot be."""
    total = int(counts.sum())
    architecture = "skipgram" if model.sg else "cbow"
    return Options.judged(
        objective="sgns",
        architecture=architecture,
        vector_size=int(model.wv.vectors.shape[1]),
        window=int(model.window),
        negative=int(model.negative or 0),
        ns_exponent=model.ns_exponent,
        sample=model._downsampling(total).share(total) if model.sample else 0.0,
        alpha=None,  # the run's own schedule
        min_alpha=None,
        epochs=1,
        seed=model._engine_seed(),
        tied=False,
        hs=hs,
        device="cpu",
        shared_negatives=SHARED_NEGATIVES[architecture],
        exact_negatives=False,
        shrink_windows=bool(model.shrink_windows),
        cbow_mean=bool(model.cbow_mean),
        held_out=0.0,
    )


def _tree(wv: Any) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
    """Return the paths that the vocabulary notes, end to end."""
    codes, points = wv.expandos["code"], wv.expandos["point"]
    ends = np.cumsum([len(code) for code in codes], dtype=np.int64)
    return ends, np.concatenate(points).astype(np.int32), np.concatenate(codes).astype(np.uint8)
