"""The result of the closed form: eigenpairs with their certificate, and the vectors made from them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import check_integer
from ..errors import FormatError
from ..numeric import inverse_or_zero
from ..storage import pack_words, read_container, unpack_words, write_container
from ..text.vocab import Vocab
from .growth import as_seeds, checked_times, squared_modes

if TYPE_CHECKING:
    from ..vectors.word_vectors import WordVectors

__all__ = ["Certificate", "Spectrum"]

Array = np.ndarray[Any, np.dtype[Any]]
_FORMAT, _VERSION = "spectrum", 1
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Certificate:
    """What is known about the accuracy of a `Spectrum`; everything measured in float64.

    Attributes
    ----------
    residuals : float64 array, shape (d,)
        ``|M v - lambda v|`` of each pair: an eigenvalue of M lies within this distance of lambda.
    tolerance : float
        What the residuals were held to: ``tol * |lambda_1|``.
    orthogonality : float
        Largest absolute entry of ``V^T V - I``.
    probe : float
        Largest Ritz value that a fresh random block Lanczos found in what is orthogonal to V. Were it above
        ``lambda_d + tolerance``, an eigenvalue would have been missed. NaN if nothing is orthogonal to V.
    gap : float
        ``lambda_d - lambda_{d+1}``, an estimate from above: what stands for lambda_{d+1} is the larger of `probe`
        and the next Ritz value.
    tied : bool
        The gap is not above the tolerance: which vectors of the tie are among the d is arbitrary.
    converged : bool
        All residuals within the tolerance and nothing missed.
    passes : int
        Products of M with a block of vectors, those of the probe and of the measurement included.
    seconds : float
    method : str
        "block Lanczos, float32", "block Lanczos, float64" or "dense".
    """

    residuals: Array
    tolerance: float
    orthogonality: float
    probe: float
    gap: float
    tied: bool
    converged: bool
    passes: int
    seconds: float
    method: str

    @property
    def max_residual(self) -> float:
        """The largest residual, in the units of the eigenvalues."""
        return float(self.residuals.max(initial=0.0))

    def __str__(self) -> str:
        state = "converged" if self.converged else "NOT CONVERGED"
        return (
            f"{state}: largest residual {self.max_residual:.2e} (tolerance {self.tolerance:.2e}), orthogonality "
            f"{self.orthogonality:.1e}, probe {self.probe:.6g}, gap {self.gap:.3g}{' (tied)' if self.tied else ''}; "
            f"{self.method}, {self.passes} passes, {self.seconds:.2f} s"
        )


class Spectrum:
    """The algebraically largest eigenpairs of a target, in descending order.

    Attributes
    ----------
    values : float64 array, shape (d,)
    eigenvectors : float32 or float64 array, shape (V, d)
        Orthonormal columns; the entry of largest magnitude of each is positive. float32 ones are rounded after they
        were certified, which adds at most 6e-8 ``|M|`` to a residual.
    vocab : Vocab or None
        None if the target was a plain matrix or operator.
    gamma : float64 array, shape (V,)
        Square roots of the weights, see `Target`.
    target : dict
        The options of the target.
    certificate : Certificate
    """

    def __init__(
        self,
        values: Array,
        eigenvectors: Array,
        vocab: Vocab | None,
        target: Mapping[str, Any],
        certificate: Certificate,
        gamma: Array | None = None,
    ) -> None:
        self.values = values
        self.eigenvectors = eigenvectors
        self.vocab = vocab
        self.target = dict(target)
        self.certificate = certificate
        self.gamma = np.ones(len(eigenvectors)) if gamma is None else gamma

    def __repr__(self) -> str:
        n, d = self.eigenvectors.shape
        return f"<Spectrum of {d} pairs for {n} words, {self.certificate}>"

    def __len__(self) -> int:
        return len(self.values)

    def matrix(self, vector_size: int | None = None, time: float | None = None, init: Any = 1e-6) -> Array:
        """Return the rows ``Gamma^-1 U S`` as float32 of shape (V, vector_size).

        At the end of training ``S = Lambda^1/2``: the minimiser of the loss of rank `vector_size` (Theorem 1,
        Proposition 2). A smaller matrix is the first columns of a larger one. Negative eigenvalues, which tied vectors
        cannot reach, count as zero.

        Parameters
        ----------
        vector_size : int, optional
            d; by default the number of pairs.
        time : float, optional
            Of training, at least 0: the singular values are those of gradient flow ``dW/dt = 1/2 (M W - W W^T W)`` from
            a small start at that time, see `fastqwem.spectral.growth.squared_modes`. None is the end.
        init : float or array (d,)
            Where it began, only with `time`: the standard deviation of random entries, or the singular values s_k(0).

        Raises
        ------
        ValueError
            If `vector_size` is larger than the number of pairs, or `time` or `init` is out of range.
        """
        size = len(self.values)
        d = size if vector_size is None else check_integer("vector_size", vector_size, 1, size)
        negative = int((self.values[:d] < 0).sum())
        if negative and time is None:
            _LOG.warning("%d of %d eigenvalues are negative: those dimensions are zero", negative, d)
        inverse = inverse_or_zero(self.gamma)
        roots = np.sqrt(np.maximum(self.values[:d], 0.0)) if time is None else self._roots_at(d, time, init)
        out = np.empty((len(self.eigenvectors), d), np.float32)
        for at in range(0, len(out), 1 << 14):  # slices, so that no float64 copy of everything is made
            rows = slice(at, at + (1 << 14))
            out[rows] = self.eigenvectors[rows, :d] * inverse[rows, None] * roots
        return out

    def _roots_at(self, d: int, time: float, init: Any) -> Array:
        """Return s_k(t), float64 (d,)."""
        if np.ndim(time):
            raise ValueError(f"time must be one number, got an array of shape {np.shape(time)}")
        return np.sqrt(squared_modes(self.values[:d], as_seeds(init, d), checked_times(time)))

    def vectors(self, vector_size: int | None = None, time: float | None = None, init: Any = 1e-6) -> WordVectors:
        """Return the words with their vectors, the rows of `matrix`, whose parameters these are.

        Raises
        ------
        ValueError
            If `vector_size` is larger than the number of pairs, `time` or `init` is out of range, or the spectrum
            belongs to no vocabulary.
        """
        if self.vocab is None:
            raise ValueError("this spectrum has no vocabulary: it was solved for a plain matrix; use matrix()")
        from ..vectors.word_vectors import WordVectors

        return WordVectors(self.vocab, self.matrix(vector_size, time, init))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save as one file, atomically; OSError if it cannot be written."""
        certificate = {f.name: getattr(self.certificate, f.name) for f in fields(Certificate)}
        arrays = {
            "values": self.values,
            "eigenvectors": self.eigenvectors,
            "gamma": self.gamma,
            "residuals": certificate.pop("residuals"),
        }
        if self.vocab is not None:
            arrays |= pack_words(self.vocab.words) | {"word_counts": self.vocab.counts}
        write_container(path, _FORMAT, _VERSION, {"target": self.target, "certificate": certificate}, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Spectrum:
        """Load what `save` wrote; FormatError if the file is foreign, damaged or newer, OSError if unreadable."""
        header, arrays = read_container(path, _FORMAT, _VERSION)
        try:
            certificate = Certificate(residuals=arrays["residuals"], **header["certificate"])
            vocab = Vocab(unpack_words(arrays), arrays["word_counts"]) if "words" in arrays else None
            values, vectors, gamma = arrays["values"], arrays["eigenvectors"], arrays["gamma"]
            spectrum = cls(values, vectors, vocab, header["target"], certificate, gamma)
        except (KeyError, TypeError) as error:
            raise FormatError(f"{os.fspath(path)}: damaged, its header lacks {error}") from None
        if vectors.shape != (len(gamma), len(values)) or (vocab is not None and len(vocab) != len(vectors)):
            raise FormatError(f"{os.fspath(path)}: damaged, its arrays do not fit each other")
        return spectrum
