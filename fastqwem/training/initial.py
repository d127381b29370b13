"""What the matrices begin with: random numbers of the seed, or given vectors; written row block by row block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_real
from ..text.vocab import Vocab
from ..vectors.word_vectors import WordVectors
from .options import Options

__all__ = ["Initial", "describe"]

Floats = NDArray[np.float32]
Blocks = Iterator[Floats]
_ROWS = 1 << 12
_STREAMS = {"input": 0, "output": 1, "nodes": 2}


def describe(init: Any) -> str:
    """Return in words what `init` is, to be kept with the model."""
    if init is None:
        return "default"
    if isinstance(init, str):
        return init
    if isinstance(init, tuple):
        return f"({', '.join(item if isinstance(item, str) else describe(item) for item in init)})"
    return f"{init:g}" if isinstance(init, float | int) else type(init).__name__


@dataclass(frozen=True)
class _Given:
    """Rows that the user gave, float of shape (n, d); `index` finds a word's row, None if rows are our words'."""

    matrix: NDArray[Any]
    index: Mapping[str, int] | None
    name: str


class Initial:
    """The judged form of `init`.

    Parameters
    ----------
    init : None, "normal", ("normal", scale), WordVectors, Spectrum, array (V, d), or a pair (input, output) of these
        See `train`.
    vocab : Vocab
    options : Options

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or does not fit the vocabulary or `vector_size`.
    """

    def __init__(self, init: Any, vocab: Vocab, options: Options) -> None:
        self.vocab, self.options = vocab, options
        self.scale: float | None = None  # of normal numbers
        self.given: dict[str, _Given] = {}
        if init is None:
            return
        if init == "normal" if isinstance(init, str) else _is_scaled(init):
            self.scale = 1.0 if isinstance(init, str) else check_real("the scale of init", init[1], 0)
        elif isinstance(init, tuple):
            self._take_pair(init)
        else:
            self._take("input", init)
            if _is_spectrum(init) and "output" in options.matrices:
                self.given["output"] = self.given["input"]

    def _take_pair(self, pair: tuple[Any, ...]) -> None:
        if len(pair) != 2:
            raise ValueError(f"init must be a pair (input, output), got {len(pair)} items")
        if "output" not in self.options.matrices:
            why = "tied" if self.options.tied else "negative=0"
            raise ValueError(f"init must not be a pair: with {why} there is no output matrix")
        for name, item in zip(("input", "output"), pair, strict=True):
            if item is not None:
                self._take(name, item)

    def _take(self, name: str, item: Any) -> None:
        """Note where the rows of a matrix come from."""
        d, n = self.options.vector_size, len(self.vocab)
        label = f"init ({name})"
        if isinstance(item, WordVectors):
            given = _Given(item.vectors, item.index, label)
        elif _is_spectrum(item):
            given = _Given(item.matrix(d), None if item.vocab is None else item.vocab.index, label)
        elif isinstance(item, np.ndarray):
            given = _Given(item, None, label)
        else:
            raise TypeError(
                'init must be None, "normal", ("normal", scale), WordVectors, a Spectrum, an array or a pair of '
                f"these, got {item!r:.60}"
            )
        shape = given.matrix.shape
        if given.matrix.ndim != 2 or given.matrix.dtype.kind not in "fiu":
            raise ValueError(f"{label} must be a real matrix (V, d), got {given.matrix.dtype} of shape {shape}")
        if shape[1] != d:
            raise ValueError(f"{label} must have vector_size = {d} dimensions, got {shape[1]}")
        if given.index is None and shape[0] != n:
            raise ValueError(f"{label} must have a row for each of the {n} words, got {shape[0]}")
        self.given[name] = given

    def fill(self, name: str, matrix: Floats) -> None:
        """Write a matrix, shape (rows, d), block by block; ValueError names a row or word that is not finite."""
        rows = self._random(name, len(matrix))
        if name in self.given:
            rows = self._overlay(rows, self.given[name])
        at = 0
        for block in rows:
            matrix[at : at + len(block)] = block
            at += len(block)

    def _random(self, name: str, n_rows: int) -> Blocks:
        """Yield what a matrix would begin with if nothing were given."""
        d = self.options.vector_size
        key = np.array([self.options.seed, _STREAMS[name]], dtype=np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key))
        draw: Callable[[tuple[int, int]], Floats]
        if self.scale is not None:
            factor = np.float32(self.scale / d**0.5)

            def draw(shape: tuple[int, int]) -> Floats:
                return generator.standard_normal(shape, dtype=np.float32) * factor
        elif name == "input":

            def draw(shape: tuple[int, int]) -> Floats:
                return (2 * generator.random(shape, dtype=np.float32) - 1) / np.float32(d)
        else:

            def draw(shape: tuple[int, int]) -> Floats:
                return np.zeros(shape, np.float32)

        for at in range(0, n_rows, _ROWS):
            yield draw((min(_ROWS, n_rows - at), d))

    def _overlay(self, blocks: Blocks, given: _Given) -> Blocks:
        """Put given rows over random ones."""
        words, at = self.vocab.words, 0
        for block in blocks:
            here = range(at, at + len(block))
            if given.index is None:
                source = np.arange(here.start, here.stop)
            else:
                source = np.array([given.index.get(words[i], -1) for i in here], dtype=np.int64)
            found = source >= 0
            with np.errstate(over="ignore"):
                block[found] = given.matrix[source[found]]
            sound = np.isfinite(block).all(axis=1)
            if not sound.all():
                row = at + int(np.argmin(sound))
                raise ValueError(f"{given.name} must be finite float32, row {row} ({words[row]!r}) is not")
            yield block
            at += len(block)


def _is_scaled(init: Any) -> bool:
    return isinstance(init, tuple) and len(init) == 2 and isinstance(init[0], str) and init[0] == "normal"


def _is_spectrum(item: Any) -> bool:
    """Tell a Spectrum by what it can do: the closed form is a sibling that this package does not import."""
    return callable(getattr(item, "matrix", None)) and hasattr(item, "vocab")
