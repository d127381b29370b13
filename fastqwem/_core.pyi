"""Types of the compiled module; private."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .progress import Tick

_Array = NDArray[Any]
_Part = tuple[_Array, _Array, _Array, bool]

build_mode: str
compiler: str

def active_isa() -> str: ...
def available_isas() -> list[str]: ...
def force_isa(name: str) -> None: ...

# counts
def count_in_memory(
    ids: _Array, offsets: _Array, vocab_size: int, weights: _Array, n_workers: int, progress: Tick | None
) -> tuple[_Array, _Array, _Array]: ...
def occurrences(ids: _Array, offsets: _Array, vocab_size: int, mapped: bool) -> NDArray[np.int64]: ...
def row_cuts(occurrences: NDArray[np.int64], weights: _Array, nonzeros: int) -> NDArray[np.int32]: ...
def count_stretch(
    ids: _Array,
    offsets: _Array,
    vocab_size: int,
    weights: _Array,
    n_workers: int,
    mapped: bool,
    first: int,
    last: int,
    rows: NDArray[np.int32],
    path: bytes,
    progress: Tick | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]: ...
def merge_runs(
    runs: list[tuple[bytes, int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]],
    old: list[tuple[int, NDArray[np.int64], NDArray[np.int32], _Array, bool]],
    rows: NDArray[np.int32],
    first_group: int,
    last_group: int,
    vocab_size: int,
    n_workers: int,
    buffer_bytes: int,
    directory: bytes,
    progress: Tick | None,
) -> tuple[NDArray[np.int64], bool, int]: ...

class WeightedCounts:
    def __init__(self, parts: list[_Part], rows: _Array, columns: _Array, workers: int) -> None: ...
    def gather(self, w: _Array, c: _Array, alpha: float, beta: float, out: _Array, workers: int) -> list[float]: ...
    def line(self, w: _Array, dw: _Array, c: _Array, dc: _Array, workers: int) -> list[float]: ...

class PhraseWords:
    def __init__(self, delimiter: str) -> None: ...
    def __len__(self) -> int: ...
    def add(self, words: list[str], connectors: NDArray[np.bool_]) -> None: ...

class PhraseTable:
    n_words: int
    min_reduce: int
    def __init__(self, words: PhraseWords, max_size: int) -> None: ...
    def __len__(self) -> int: ...
    def feed(self, ids: NDArray[np.int32], ends: NDArray[np.uint32]) -> None: ...
    def finish(self) -> None: ...
    def add_packed(self, bytes: NDArray[np.uint8], ends: NDArray[np.int64], counts: NDArray[np.int64]) -> None: ...
    def absorb(self, other: PhraseTable) -> None: ...
    def count(self, text: str) -> int: ...
    def texts(self, entries: NDArray[np.int64]) -> list[str]: ...
    def packed(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]: ...
    def splittable(self, min_count: int) -> NDArray[np.int64]: ...

# text
def release_pages(array: _Array) -> None: ...

class TextEncoder:
    n_tokens: int
    n_words: int
    spilled: bool
    def __init__(
        self, workers: int, memory: int, scratch: bytes, block: int, words: list[str] | None = None
    ) -> None: ...
    def count_only(self) -> None: ...
    def encode_files(self, files: list[tuple[bytes, int, int]], progress: Tick | None) -> None: ...
    def begin_stream(self, name: str, source: int) -> None: ...
    def feed(self, data: bytes) -> None: ...
    def end_stream(self) -> None: ...
    def merge(self) -> None: ...
    def counts(self) -> NDArray[np.int64]: ...
    def words(self, raw_ids: NDArray[np.int32]) -> list[str]: ...
    def rank(self, min_count: int, max_words: int) -> NDArray[np.int32]: ...
    def finish(
        self, order: NDArray[np.int32], progress: Tick | None
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...

class IdBlocks:
    n_tokens: int
    spilled: bool
    def __init__(self, memory: int, scratch: bytes) -> None: ...
    def charge(self, bytes: int) -> None: ...
    def append(self, ids: NDArray[np.int32], ends: NDArray[np.uint32]) -> None: ...
    def finish(
        self, translation: NDArray[np.int32], workers: int, progress: Tick | None
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...

# spectral
class TargetMatrix:
    def __init__(
        self,
        parts: list[_Part],
        formula: str,
        joint: _Array,
        noise: _Array,
        gamma: _Array,
        weighted: bool,
        scale: float,
        beta: float,
        floor: float,
        shift: float,
        lowest: float,
        unseen: float,
        workers: int,
    ) -> None: ...
    def values(self, out: _Array, mapped: bool, workers: int) -> None: ...
    def product(self, values: _Array, mapped: bool, x: _Array, out: _Array, rough: bool, workers: int) -> None: ...
    def exact_product(self, x: _Array, out: _Array, workers: int) -> None: ...
    def excess_square(self, workers: int) -> float: ...

class RowSolver:
    def __init__(self, parts: list[_Part], columns: _Array, workers: int) -> None: ...
    def solve(
        self,
        x: _Array,
        fixed: _Array,
        rows: _Array,
        weights: _Array,
        grams: _Array,
        means: _Array,
        ridge: _Array,
        mass: _Array,
        seen: _Array,
        square: _Array,
        steps: int,
        noise: _Array | None,
        parabola: tuple[float, float, float],
        bytes: bool,
        least: float,
        key: int,
        workers: int,
        progress: Tick | None,
    ) -> list[float]: ...

# training
TRAINING_CHUNK: int

def huffman_tree(
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]: ...

class Trainer:
    diverged: bool
    next_chunk: int
    def __init__(
        self,
        *,
        vocab_size: int,
        vector_size: int,
        objective: str,
        architecture: str,
        window: int,
        negative: int,
        shared_negatives: int,
        shrink_windows: bool,
        cbow_mean: bool,
        tied: bool,
        hs: bool,
        exact_negatives: bool,
        held_out: int,
        seed: int,
        keep: NDArray[np.uint32],
        noise: NDArray[np.float64],
        counts: NDArray[np.int64],
    ) -> None: ...
    def matrix(self, name: str) -> NDArray[np.float32]: ...
    def take(self, name: str) -> NDArray[np.float32]: ...
    def train(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        epoch: int,
        first_chunk: int,
        last_chunk: int,
        alphas: NDArray[np.float32],
        n_workers: int,
        progress: Tick | None,
    ) -> None: ...
    def set_locks(self, locks: NDArray[np.float32]) -> None: ...
    def set_huffman(self, ends: NDArray[np.int64], points: NDArray[np.int32], codes: NDArray[np.uint8]) -> None: ...
    def totals(self) -> tuple[float, int, int]: ...
    def reset_totals(self) -> None: ...
    def held_out_totals(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        epoch: int,
        n_workers: int,
        progress: Tick | None,
    ) -> tuple[float, int]: ...
    def set_moments(
        self,
        output_mean: NDArray[np.float32],
        output_second: NDArray[np.float32],
        input_mean: NDArray[np.float32],
        input_second: NDArray[np.float32],
        ratio: NDArray[np.float32],
        output_norm: float,
        input_norm: float,
    ) -> None: ...
    def samples(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64], epoch: int, n_workers: int
    ) -> dict[str, _Array]: ...
    def alias_table(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]: ...
    def huffman(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]: ...

# vectors
def read_decimal_rows(
    text: bytes, begin: int, end: int, size: int, limit: int, wide: bool, bare: bool
) -> tuple[NDArray[np.int64], NDArray[Any], int]: ...
def read_binary_rows(
    text: bytes, begin: int, size: int, limit: int, longest: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], int, int]: ...
def write_decimal_rows(vectors: NDArray[np.float32]) -> list[bytes | None]: ...
