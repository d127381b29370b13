"""The loop: epochs of spans of chunks, with all that happens between them, and what an interruption leaves."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import _core
from ..checks import resolve_workers
from ..errors import CorpusError, DeviceError, DivergedError, TrainingInterrupted
from ..progress import Progress, Tick, track
from ..storage import check_writable, release_pages
from ..text.corpus import Corpus
from .model import TrainedModel
from .schedule import Schedule
from .state import EpochRecord, Moments, State, mean_loss

if TYPE_CHECKING:
    from .cuda.engine import CudaEngine
    from .engine import Engine

__all__ = ["Callback", "Loop", "Surroundings"]

Callback = Callable[[TrainedModel], object]
"""Called with the model after each epoch; a true return value ends training."""

SPAN = 512
"""Chunks that the engine is given at a time: 4 million tokens, a second or so."""
EXACT_SPAN = 128
"""With exact negatives: the most chunks between two refreshments of the moments."""

_LOG = logging.getLogger(__name__)


def exact_span(n_words: int) -> int:
    """Return the chunks between two refreshments of the moments.

    A refreshment costs 4 V d^2 operations, as many as V trained words; one word per word of the vocabulary between two
    keeps it below half of the work, and small vocabularies, whose vectors change faster, get fresher moments.
    """
    return min(max(n_words // _core.TRAINING_CHUNK, 1), EXACT_SPAN)


@dataclass(frozen=True)
class Surroundings:
    """What a call of `train` brings along that no model keeps."""

    workers: int
    callbacks: tuple[Callback, ...]
    progress: Progress
    checkpoint: str | os.PathLike[str] | None

    @classmethod
    def judged(cls, workers: int, callbacks: Iterable[Callback], progress: Progress, checkpoint: Any) -> Surroundings:
        """Return them; TypeError, ValueError or OSError if they would fail later."""
        if callable(callbacks):
            raise TypeError("callbacks must be a list of callables, got one callable")
        every = tuple(callbacks)
        for callback in every:
            if not callable(callback):
                raise TypeError(f"callbacks must be callables, got {callback!r}")
        if checkpoint is not None:
            check_writable(checkpoint)
        return cls(resolve_workers(workers), every, progress, checkpoint)


class Loop:
    """Trains a live model until its schedule ends.

    The model's state is replaced in single assignments. While the engine runs, `_running` says so, and whoever
    interrupts finds out from the engine how far it came; so a model always knows exactly what was trained.
    """

    def __init__(self, model: TrainedModel, engine: Engine | CudaEngine, corpus: Corpus, around: Surroundings) -> None:
        self.model, self.engine, self.corpus, self.around = model, engine, corpus, around
        self.schedule = Schedule.of(model.options, model._state.first_epoch)
        self.n_chunks = -(-corpus.n_tokens // _core.TRAINING_CHUNK)
        self.exact = model.options.exact_negatives
        self.span = exact_span(len(model.vocab)) if self.exact else SPAN
        self._running: tuple[float, Moments | None] | None = None
        self._saving = False

    @property
    def state(self) -> State:
        """Where the model is."""
        return self.model._state

    def run(self) -> TrainedModel:
        """Train, and return the model, no longer live.

        Raises
        ------
        DivergedError, CorpusError
            If numbers grow beyond float32, or there was no pair to train.
        TrainingInterrupted
            On Ctrl-C, with the model and after writing the checkpoint.
        Exception
            Whatever callbacks and progress raise, after writing the checkpoint.
        """
        n_tokens = self.corpus.n_tokens
        begun = (self.state.epoch - self.schedule.first_epoch) * n_tokens + self.state.chunk * _core.TRAINING_CHUNK
        try:
            with track(self.around.progress, "training", " words", start=begun, note=self._note) as tick:
                while self.state.epoch < self.schedule.end:
                    self._epoch(tick)
                    answers = [callback(self.model) for callback in self.around.callbacks]
                    if any(answers):
                        break
        except BaseException as stop:
            self._stopped(stop)
            raise
        if not any(record.pairs for record in self.state.history):
            raise CorpusError(
                "no training pairs: after subsampling, no sentence had two words left; a larger sample keeps more"
            )
        self.model._settle()
        return self.model

    def _stopped(self, stop: BaseException) -> None:
        """Note what the engine had done, keep it in the checkpoint, and turn Ctrl-C into our own exception."""
        self._note_span()
        if isinstance(stop, DivergedError | DeviceError) or self.engine.trainer.diverged:
            return
        if self.around.checkpoint is not None and not self._saving:
            self._save()
        if isinstance(stop, KeyboardInterrupt):
            self.model._settle()
            place = f"in epoch {self.state.epoch + 1} of {self.schedule.end}"
            raise TrainingInterrupted(f"training was interrupted {place}", self.model) from stop

    def _save(self) -> None:
        assert self.around.checkpoint is not None
        self._saving = True
        self.model.save(self.around.checkpoint)
        self._saving = False

    def _epoch(self, tick: Tick | None) -> None:
        while self.state.chunk < self.n_chunks:
            self._span(tick)
        self._close_epoch()
        if self.around.checkpoint is not None:
            self._save()

    def _span(self, tick: Tick | None) -> None:
        """Train the chunks up to the end of the running span; spans do not depend on where one resumes."""
        state, corpus, trainer = self.state, self.corpus, self.engine.trainer
        first, last = state.chunk, min(self.n_chunks, (state.chunk // self.span + 1) * self.span)
        rates = self.schedule.rates(corpus.n_tokens, state.epoch, first, last)
        report = self._report(tick, first)
        self.engine.begin(first)
        start = time.perf_counter()
        moments = None
        if self.exact:
            moments = state.moments or self.engine.moments()
            self.engine.set_moments(moments)
        ids, offsets, epoch, workers = corpus.ids, corpus.offsets, state.epoch, self.around.workers
        # No call stands between these two lines, so no signal can be handled there.
        self._running = start, moments
        trainer.train(ids, offsets, epoch, first, last, rates, workers, report)
        self._note_span()
        release_pages(ids)
        release_pages(offsets)
        if trainer.diverged:
            raise self._diverged(float(rates[min(max(self.state.chunk, first + 1), last) - 1 - first]))

    def _report(self, tick: Tick | None, first: int) -> Tick | None:
        """Return what turns the engine's progress within a span into that of the whole schedule."""
        if tick is None:
            return None
        before = (self.state.epoch - self.schedule.first_epoch) * self.corpus.n_tokens + first * _core.TRAINING_CHUNK
        total = self.schedule.epochs * self.corpus.n_tokens

        def report(done: int, _: int) -> None:
            tick(min(before + done, total), total)

        return report

    def _note(self) -> str:
        """Return what the progress bar shows beside words per second and the time left."""
        loss, pairs, _ = self.engine.trainer.totals()
        return f"loss {mean_loss(self.state.loss + loss, self.state.pairs + pairs):.4f}"

    def _note_span(self) -> None:
        """Take over what the engine did, if it was running, into the state."""
        if self._running is None:
            return
        start, moments = self._running
        loss, pairs, words = self.engine.trainer.totals()
        chunk, state = self.engine.trainer.next_chunk, self.state
        amid = chunk < self.n_chunks and chunk % self.span
        state = replace(
            state,
            chunk=chunk,
            loss=state.loss + loss,
            pairs=state.pairs + pairs,
            words=state.words + words,
            seconds=state.seconds + time.perf_counter() - start,
            moments=moments if amid else None,
        )
        self.model._state, self._running = state, None

    def _close_epoch(self) -> None:
        """Measure, record and log an epoch whose chunks are all done."""
        state, corpus = self.state, self.corpus
        alpha = float(self.schedule.rates(corpus.n_tokens, state.epoch, self.n_chunks - 1, self.n_chunks)[0])
        if not self.engine.is_finite():
            raise self._diverged(alpha)
        record = EpochRecord(
            epoch=state.epoch + 1,
            alpha=alpha,
            loss=mean_loss(state.loss, state.pairs),
            held_out_loss=self._held_out_loss(),
            pairs=state.pairs,
            words=state.words,
            seconds=state.seconds,
            words_per_second=corpus.n_tokens / max(state.seconds, 1e-9),
        )
        self.model._state = State(
            epoch=state.epoch + 1, first_epoch=state.first_epoch, history=(*state.history, record)
        )
        held = "" if record.held_out_loss is None else f", {record.held_out_loss:.5f} held out"
        _LOG.info(
            "epoch %d of %d: loss %.5f%s, alpha %.3g, %.3g words/s",
            *(record.epoch, self.schedule.end, record.loss, held, alpha, record.words_per_second),
        )

    def _held_out_loss(self) -> float | None:
        """Return the mean loss of held-out positions, always with the samples of epoch 0, so that epochs compare."""
        if not self.model.options.held_out:
            return None
        ids, offsets, workers = self.corpus.ids, self.corpus.offsets, self.around.workers
        return mean_loss(*self.engine.trainer.held_out_totals(ids, offsets, 0, workers, None))

    def _diverged(self, alpha: float) -> DivergedError:
        epoch = self.state.epoch + 1
        return DivergedError(
            f"training diverged in epoch {epoch} at the learning rate {alpha:g}: lower alpha "
            f"(it began with {self.schedule.alpha:g})",
            epoch,
            alpha,
            self.model,
        )
