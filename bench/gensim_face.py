"""gensim's face beside gensim, in one run: ``python bench/gensim_face.py [ROW ...] [--words 100000 --size 100]``.

Every row calls the same method of both with the same arguments, and compares what comes back. Sides alternate after one
call of each, medians of seconds count. The figures that are promised are for ``--words 400000 --size 300``, where the
binary file has half a gigabyte, on a machine that does nothing else; single queries are bound by memory on both sides.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import KeyedVectors as Theirs

from fastqwem.models import KeyedVectors as Ours

Call = Callable[[], Any]


@dataclass(frozen=True)
class Setup:
    """The same random vectors on both sides, and where files go."""

    ours: Any
    theirs: Any
    folder: Path
    repeat: int
    queries: list[str]


def make(kind: Any, words: int, size: int) -> Any:
    """Return keyed vectors of a class, of words that look like words, counts falling."""
    kv = kind(size)
    vectors = np.random.default_rng(1).standard_normal((words, size), dtype=np.float32)
    kv.add_vectors([f"word{row * 7919 % words}" for row in range(words)], vectors)
    kv.expandos["count"] = np.arange(words, 0, -1)
    return kv


def seconds(call: Call) -> float:
    """Return the wall time of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(label: str, setup: Setup, ours: Call, theirs: Call) -> None:
    """Print the median seconds of both sides, and how much less ours are."""
    ours(), theirs()
    times = [(seconds(ours), seconds(theirs)) for _ in range(setup.repeat)]
    mine, peer = (statistics.median(side) for side in zip(*times, strict=True))
    spread = ", ".join(f"{a:.3f}/{b:.3f}" for a, b in times)
    print(f"{label}: {mine:.4f} s / {peer:.4f} s = {peer / mine:.2f}x   ({spread})", flush=True)


def agree(ours: Any, theirs: Any) -> None:
    """Stop if two lists of neighbours are not the same but for rounding."""
    for a, b in zip(ours, theirs, strict=True):
        if abs(a[1] - b[1]) > 1e-5:  # float32 sums of some hundred products
            raise AssertionError(f"{a} is not {b}")


def single_row(setup: Setup) -> None:
    """most_similar of one word after another."""
    some = setup.queries[:20]
    for word in some:
        agree(setup.ours.most_similar(word), setup.theirs.most_similar(word))
    sides = [lambda kv=kv: [kv.most_similar(word) for word in some] for kv in (setup.ours, setup.theirs)]
    compare(f"most_similar, {len(some)} words one by one", setup, *sides)


def batch_row(setup: Setup) -> None:
    """most_similar_batch, which gensim lacks, beside its calls one by one."""
    words = setup.queries
    for found, word in zip(setup.ours.most_similar_batch(words[:20]), words, strict=False):
        agree(found, setup.theirs.most_similar(word))
    compare(
        f"most_similar, {len(words)} words at once",
        setup,
        lambda: setup.ours.most_similar_batch(words),
        lambda: [setup.theirs.most_similar(word) for word in words],
    )


def analogies_row(setup: Setup) -> None:
    """evaluate_word_analogies on made-up questions."""
    path = setup.folder / "questions.txt"
    quads = np.array(setup.queries * 4).reshape(-1, 4).tolist()
    path.write_text(": made up\n" + "".join(" ".join(quad) + "\n" for quad in quads))
    ours, theirs = (lambda kv=kv: kv.evaluate_word_analogies(str(path)) for kv in (setup.ours, setup.theirs))
    if ours()[0] != theirs()[0]:
        raise AssertionError("the scores differ")
    compare(f"evaluate_word_analogies, {len(quads)} questions", setup, ours, theirs)


def file_row(setup: Setup, binary: bool) -> None:
    """Writing and reading a word2vec file."""
    kind = "binary" if binary else "text"
    files = {side: setup.folder / f"{side}.{kind}" for side in ("ours", "theirs")}
    sides = [
        lambda kv=kv, path=files[side]: kv.save_word2vec_format(str(path), binary=binary)
        for side, kv in (("ours", setup.ours), ("theirs", setup.theirs))
    ]
    compare(f"save_word2vec_format, {kind}", setup, *sides)
    if files["ours"].read_bytes() != files["theirs"].read_bytes():
        raise AssertionError("the files differ")
    path = str(files["ours"])
    size = files["ours"].stat().st_size / 1e6
    loads = [lambda kind=kind: kind.load_word2vec_format(path, binary=binary) for kind in (Ours, Theirs)]
    first, second = (load() for load in loads)
    if first.index_to_key != second.index_to_key or not np.array_equal(first.vectors, second.vectors):
        raise AssertionError("what was read differs")
    compare(f"load_word2vec_format, {kind}, {size:.0f} MB", setup, *loads)


def binary_row(setup: Setup) -> None:
    """Binary files."""
    file_row(setup, True)


def text_row(setup: Setup) -> None:
    """Text files."""
    file_row(setup, False)


ROWS: dict[str, Callable[[Setup], None]] = {
    "single": single_row, "batch": batch_row, "analogies": analogies_row, "binary": binary_row, "text": text_row,
}  # fmt: skip


def main() -> None:
    """Measure the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all of them by default")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    ours, theirs = (make(kind, options.words, options.size) for kind in (Ours, Theirs))
    queries = ours.index_to_key[:: max(1, options.words // options.queries)][: options.queries]
    print(f"{options.words:,} words of {options.size} dimensions; ours / gensim", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(ours, theirs, Path(folder), options.repeat, queries)
        for name in options.rows or ROWS:
            ROWS[name](setup)


if __name__ == "__main__":
    main()
