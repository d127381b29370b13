"""A million words with a planted spectrum: ``python bench/million.py [--words N] [--groups N] [--memory 20GB]``.

Makes counts on disk whose eigenpairs are known exactly (tests/planted.py), solves them, holds the result to its
certificate and to the truth, and factorises them for one sweep from there. Needs 16 bytes of disk per nonzero, and 4
for scratch.
Fewer groups make more nonzeros: of a million words 6,000 groups make 3e8, 1,500 make 1e9.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import phases
from planted import Planted, check_recovered

_ROWS = 2000  # made at a time


def generate(out: str, words: int, groups: int) -> phases.Options:
    """Write the counts."""
    from fastqwem.counts.cooccurrence import Cooccurrence, _csr
    from fastqwem.text.vocab import Vocab

    planted = Planted.draw(words, groups)
    with tempfile.TemporaryDirectory(dir=Path(out).parent) as folder:
        paths = Path(folder) / "indices", Path(folder) / "data"
        with paths[0].open("wb") as indices, paths[1].open("wb") as data:
            for first in range(0, words, _ROWS):
                columns, counts = planted.rows(first, min(first + _ROWS, words))
                columns.tofile(indices)
                counts.tofile(data)
        arrays = [np.memmap(path, np.int32, "r") for path in paths]
        vocab = Vocab([f"w{i}" for i in range(words)], planted.weights)
        Cooccurrence(_csr(planted.indptr, *arrays), vocab, window=5, weighting="linear").save(out)
    return {"nonzeros": int(planted.indptr[-1])}


def verify(out: str, words: int, groups: int) -> phases.Options:
    """Hold a saved spectrum to the planted one."""
    from fastqwem.spectral import Spectrum

    spectrum = Spectrum.load(out)
    error, bound, outside = check_recovered(Planted.draw(words, groups), spectrum)
    return {"largest": spectrum.values[0], "error": error, "bound": bound, "outside": outside}


def main() -> None:
    """Run the phases, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=6_000)
    parser.add_argument("--vector-size", type=int, default=200)
    parser.add_argument("--memory", default="20GB")
    parser.add_argument("--folder", default=None, help="where files go, and stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        counts, spectrum = str(folder / "million.fqn"), str(folder / "million.fqs")
        shape = {"words": options.words, "groups": options.groups}
        job = {"vector_size": options.vector_size, "memory": options.memory, "scratch": str(folder)}

        def phase(name: str, **more: Any) -> phases.Options:
            start = time.strftime("%H:%M:%S")
            figures = phases.measure(name, script=__file__, **more)
            print(
                f"{start} {name:10} {figures['seconds']:8.1f} s, {figures['cpu']:8.1f} s of CPU, "
                f"{figures['peak'] / 1e9:6.2f} GB resident, {figures['scratch'] / 1e9:6.2f} GB scratch, "
                f"{figures['written'] / 1e9:6.2f} GB written",
                flush=True,
            )
            return figures

        if not Path(counts).exists():
            made = phase("generate", out=counts, **shape)
            print(f"{options.words:,} words, {made['nonzeros']:,} nonzeros", flush=True)
        print(phase("solve", counts=counts, out=spectrum, **job)["certificate"], flush=True)
        found = phase("verify", out=spectrum, **shape)
        print(
            f"eigenvalues from {found['largest']:.6g}: worst error {found['error']:.2g}, bound {found['bound']:.2g}; "
            f"worst part of a vector outside of its planted eigenspace {found['outside']:.2g}",
            flush=True,
        )
        swept = phase("factorize", counts=counts, out=str(folder / "million.fqm"), spectrum=spectrum, **job)
        print("objectives", *(f"{value:.6g}" for value in swept["objectives"]))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ("generate", "verify", *phases.PHASES):
        phases.run(phases.PHASES | {"generate": generate, "verify": verify})
    else:
        main()
