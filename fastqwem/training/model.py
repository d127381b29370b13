"""What training returns: the vectors, how they came about, and what going on needs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..text.vocab import Vocab
from ..vectors.word_vectors import WordVectors
from .options import Options, judged_epochs, judged_rates
from .state import EpochRecord, State

if TYPE_CHECKING:
    from ..text.corpus import Corpus
    from .cuda.engine import CudaEngine
    from .engine import Engine
    from .trainer import Callback

__all__ = ["TrainedModel"]

Floats = NDArray[np.float32]


class TrainedModel:
    """A model that `train` made, is making (in callbacks), or `load` read.

    While it is being trained its matrices are live: each access returns a copy. Afterwards nothing is copied.

    Attributes
    ----------
    vocab : Vocab
    options : Options
        As judged, defaults filled in; `alpha`, `min_alpha` and `epochs` are those of the latest call.
    corpus : dict
        What tells the corpus it was trained on from others: numbers of tokens and sentences, a checksum of samples.
    """

    def __init__(
        self,
        vocab: Vocab,
        options: Options,
        state: State,
        corpus: Mapping[str, int],
        source: Mapping[str, Floats] | Engine | CudaEngine,
    ) -> None:
        self.vocab = vocab
        self.options = options
        self.corpus = dict(corpus)
        self._state = state
        self._source = source
        self._vectors: WordVectors | None = None

    def __repr__(self) -> str:
        o = self.options
        return (
            f"<TrainedModel: {o.objective} {o.architecture}, {len(self.vocab)} words, {o.vector_size} dimensions, "
            f"epoch {self._state.epoch} of {self._state.first_epoch + o.epochs}>"
        )

    @property
    def vectors(self) -> WordVectors:
        """The words with their vectors, the rows of `input_vectors`; made once, without copying them."""
        if self._vectors is not None:
            return self._vectors
        vectors = WordVectors(self.vocab, self.input_vectors, metadata=self.options.to_json())
        if not self.is_live:
            self._vectors = vectors
        return vectors

    @property
    def input_vectors(self) -> Floats:
        """One row per word, float32 (V, d), read-only: the vectors of word2vec, of both sides if tied."""
        matrix = self._matrix("input")
        assert matrix is not None
        return matrix

    @property
    def output_vectors(self) -> Floats | None:
        """The other side's row of each word, float32 (V, d), read-only; None if tied or without negatives."""
        return self._matrix("output")

    @property
    def node_vectors(self) -> Floats | None:
        """The rows of the inner nodes of the Huffman tree, float32 (V - 1, d), read-only; None without hs."""
        return self._matrix("nodes")

    @property
    def history(self) -> list[EpochRecord]:
        """One record per epoch done."""
        return list(self._state.history)

    @property
    def loss(self) -> float:
        """Mean loss per pair of the last epoch done; NaN before the first."""
        return self._state.history[-1].loss if self._state.history else float("nan")

    @property
    def done(self) -> tuple[int, int]:
        """Epochs that are complete, and how many chunks of 8,192 tokens of the next one."""
        return self._state.epoch, self._state.chunk

    @property
    def is_live(self) -> bool:
        """Whether it is being trained."""
        return not isinstance(self._source, Mapping)

    def continue_training(
        self,
        corpus: Corpus,
        epochs: int,
        alpha: float | None = None,
        min_alpha: float | None = None,
        workers: int = 0,
        callbacks: Iterable[Callback] = (),
        progress: Progress = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> TrainedModel:
        """Train a copy for more epochs, with a schedule of their own; this model stays as it is.

        Parameters
        ----------
        corpus : Corpus
            With the words of this model in the same order: this one's or one made with ``vocab=model.vocab``. Noise
            and subsampling keep to the counts of `vocab`.
        epochs : int
            How many more. Their numbers, and so their samples, follow those of the epochs before.
        alpha, min_alpha : float, optional
            The first and last learning rate; by default those that the model began with.
        workers, callbacks, progress, checkpoint
            As for `train`.

        Returns
        -------
        TrainedModel

        Raises
        ------
        ValueError
            If the corpus has other words, an argument is out of range, or the model is still being trained.
        CorpusError, DivergedError, TrainingInterrupted
            As for `train`.
        """
        from .trainer import go_on

        state = self._state
        if alpha is None:
            alpha, min_alpha = self.options.alpha, self.options.min_alpha if min_alpha is None else min_alpha
        rate, last = judged_rates(alpha, min_alpha)
        options = replace(self.options, alpha=rate, min_alpha=last, epochs=judged_epochs(epochs))
        first = state.epoch + (state.chunk > 0)
        fresh = State(epoch=first, first_epoch=first, history=state.history)
        return go_on(self, options, fresh, corpus, workers, callbacks, progress, checkpoint)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save everything as one file, by convention ``*.fqm``, atomically; OSError if it cannot be written."""
        from .checkpoint import write_model

        write_model(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TrainedModel:
        """Load what `save` wrote; FormatError if the file is foreign, damaged or newer, OSError if unreadable."""
        from .checkpoint import read_model

        return read_model(path)

    def _live_or_kept(self) -> Mapping[str, Floats]:
        """Return the matrices by name, as views where they are live."""
        return self._source if isinstance(self._source, Mapping) else self._source.matrices()

    def _matrix(self, name: str) -> Floats | None:
        if name not in self.options.matrices:
            return None
        matrix = self._live_or_kept()[name]
        matrix = np.array(matrix, order="C") if self.is_live else matrix.view()
        matrix.flags.writeable = False
        return matrix

    def _settle(self) -> None:
        """Take the matrices out of the engine: training has ended."""
        if not isinstance(self._source, Mapping):
            self._source = self._source.take()
