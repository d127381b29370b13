"""The result of alternating least squares: two factors, the course of the loss, and the vectors made from them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import check_choice
from ..errors import FormatError
from ..storage import pack_words, read_container, unpack_words, write_container
from ..text.vocab import Vocab

if TYPE_CHECKING:
    from ..vectors.word_vectors import WordVectors

__all__ = ["OUTPUTS", "Factorization", "HalfSweep"]

Array = np.ndarray[Any, np.dtype[Any]]
OUTPUTS = ("sum", "input", "output", "concat")
_FORMAT, _VERSION = "factorization", 1


@dataclass(frozen=True)
class HalfSweep:
    """One factor improved with the other fixed.

    Attributes
    ----------
    sweep : int
        From 1; 0 is the start.
    factor : {"start", "input", "output", "both"}
        Which factor moved.
    loss : float
        QWEM's loss over all pairs after it; with counts the weights A of seen pairs sum to one.
    objective : float
        The loss and its ridge, which no half sweep raises over the pairs that it looks at.
    seconds : float
        Since the first sweep began.
    thinning : float
        Pairs of less expected weight were drawn, and loss and objective are those of the drawn ones; 0: of all.
    """

    sweep: int
    factor: str
    loss: float
    objective: float
    seconds: float
    thinning: float = 0.0


class Factorization:
    """Two factors W and C, one row per word each, such that ``w_i . c_j`` fits the pair ij.

    Attributes
    ----------
    input_vectors : float32 or float64 array, shape (V, d)
        W.
    output_vectors : the same, or None
        C; None if tied. Any orthogonal matrix may turn both alike: single dimensions mean nothing.
    history : list of HalfSweep
        The start and every half sweep; empty if there were no sweeps.
    converged : bool
        The last sweep gained no more than `tol`.
    vocab : Vocab or None
        None if it was a plain matrix that was factorised.
    options : dict
        What it was made with.
    """

    def __init__(
        self,
        input_vectors: Array,
        output_vectors: Array | None,
        history: Sequence[HalfSweep],
        converged: bool,
        vocab: Vocab | None,
        options: Mapping[str, Any],
    ) -> None:
        self.input_vectors = input_vectors
        self.output_vectors = output_vectors
        self.history = list(history)
        self.converged = converged
        self.vocab = vocab
        self.options = dict(options)

    def __repr__(self) -> str:
        n, d = self.input_vectors.shape
        return f"<Factorization of {n} words, d={d}: loss {self.loss:.6g} after {self.sweeps:g} sweeps>"

    @property
    def loss(self) -> float:
        """The last loss, without its ridge; NaN if there were no sweeps."""
        return self.history[-1].loss if self.history else float("nan")

    @property
    def sweeps(self) -> float:
        """The number of sweeps done; half a one is over W alone."""
        if not self.history:
            return 0
        last = self.history[-1]
        return last.sweep - (0.5 if last.factor == "input" else 0)

    def matrix(self, output: str | None = None) -> Array:
        """Return the rows of vectors: W + C ("sum"), W ("input"), C ("output") or both side by side ("concat").

        Parameters
        ----------
        output : str, optional
            By default that of the options. Tied factors have only W, which stands for all but "concat".

        Raises
        ------
        ValueError
            If it is none of these, or "concat" of tied factors.
        """
        name = check_choice("output", self.options["output"] if output is None else output, OUTPUTS)
        w, c = self.input_vectors, self.output_vectors
        if c is None:
            if name == "concat":
                raise ValueError("output must not be 'concat' for tied factors, which are one matrix")
            return w
        if name == "sum":
            return np.asarray(w + c)
        if name == "concat":
            return np.hstack([w, c])
        return w if name == "input" else c

    @property
    def vectors(self) -> WordVectors:
        """The words with their vectors, the rows of `matrix`.

        Raises
        ------
        ValueError
            If there is no vocabulary.
        """
        from ..vectors.word_vectors import WordVectors

        if self.vocab is None:
            raise ValueError("this factorization has no vocabulary: it was made of a plain matrix; use matrix()")
        return WordVectors(self.vocab, self.matrix())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save as one file, atomically; OSError if it cannot be written."""
        arrays = {"input": self.input_vectors}
        if self.output_vectors is not None:
            arrays["output"] = self.output_vectors
        if self.vocab is not None:
            arrays |= pack_words(self.vocab.words) | {"word_counts": self.vocab.counts}
        header = {
            "options": self.options,
            "history": [asdict(record) for record in self.history],
            "converged": self.converged,
        }
        write_container(path, _FORMAT, _VERSION, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Factorization:
        """Load what `save` wrote; FormatError if the file is foreign, damaged or newer, OSError if unreadable."""
        header, arrays = read_container(path, _FORMAT, _VERSION)
        try:
            vocab = Vocab(unpack_words(arrays), arrays["word_counts"]) if "words" in arrays else None
            history = [HalfSweep(**record) for record in header["history"]]
            w, c = arrays["input"], arrays.get("output")
            result = cls(w, c, history, header["converged"], vocab, header["options"])
            sound = w.ndim == 2 and (c is None or c.shape == w.shape) and (vocab is None or len(vocab) == len(w))
        except (KeyError, TypeError) as error:
            raise FormatError(f"{os.fspath(path)}: damaged, its header lacks {error}") from None
        if not sound:
            raise FormatError(f"{os.fspath(path)}: damaged, its arrays do not fit each other")
        return result
