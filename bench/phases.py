"""Phases of the roads, each in a process of its own: what memory.py, scaling.py and million.py measure.

``python bench/phases.py PHASE '{"option": value, ...}'`` runs one and prints what it took as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

Options = dict[str, Any]


class _Work:
    """What the work of a phase takes, without the start of Python and the saving: ``took`` when it is over."""

    def __enter__(self) -> _Work:
        self._began = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        cpu, wall = self._began
        self.took: Options = {"cpu_work": time.process_time() - cpu, "seconds_work": time.perf_counter() - wall}


def encode(texts: list[str], out: str, max_vocab: int, **machine: Any) -> Options:
    """Text to a corpus file: vocabulary and encoding."""
    from fastqwem import Corpus

    with _Work() as work:
        corpus = Corpus.from_text(texts, max_vocab=max_vocab, **machine)
    corpus.save(out)
    return work.took | {"tokens": corpus.n_tokens, "raw_tokens": corpus.n_raw_tokens, "words": len(corpus.vocab)}


def count(corpus: str, out: str, window: int, **machine: Any) -> Options:
    """Corpus file to counts file."""
    from fastqwem import Corpus, count

    read = Corpus.load(corpus)
    with _Work() as work:
        counts = count(read, window, **machine)
    counts.save(out)
    return work.took | {"tokens": read.n_tokens, "nonzeros": counts.nnz}


def solve(counts: str, out: str, vector_size: int, mmap: bool = True, **machine: Any) -> Options:
    """Counts file to spectrum file."""
    from fastqwem import Cooccurrence, Target
    from fastqwem import solve as run

    read = Cooccurrence.load(counts, mmap=mmap)
    with _Work() as work:
        spectrum = run(Target(read), vector_size, **machine)
    spectrum.save(out)
    certificate = spectrum.certificate
    return work.took | {"nonzeros": read.nnz, "passes": certificate.passes, "certificate": str(certificate)}


def factorize(
    counts: str, out: str, vector_size: int, sweeps: int = 1, spectrum: str | None = None, **machine: Any
) -> Options:
    """Counts file to factorization file; the start is that of a spectrum file, or made."""
    from fastqwem import Cooccurrence
    from fastqwem import factorize as run
    from fastqwem.spectral import Spectrum

    read = Cooccurrence.load(counts, mmap=True)
    start = "spectral" if spectrum is None else Spectrum.load(spectrum)
    with _Work() as work:
        result = run(read, vector_size, sweeps=sweeps, start=start, **machine)
    result.save(out)
    return work.took | {"nonzeros": read.nnz, "objectives": [half.objective for half in result.history]}


def train(corpus: str, out: str, vector_size: int, workers: int = 0) -> Options:
    """Corpus file to model file, one epoch."""
    from fastqwem import Corpus
    from fastqwem import train as run

    read = Corpus.load(corpus)
    with _Work() as work:
        model = run(read, vector_size=vector_size, epochs=1, workers=workers)
    model.save(out)
    return work.took | {"tokens": read.n_tokens}


PHASES = {"encode": encode, "count": count, "solve": solve, "factorize": factorize, "train": train}


def measure(phase: str, scratch: str | None = None, script: str = __file__, **options: Any) -> Options:
    """Run a phase and return its figures: seconds, cpu, peak (bytes resident), written and scratch (bytes at most)."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix="bench-") as folder:
        if options.get("memory"):
            options["scratch"] = folder
        argv = [sys.executable, script, phase, json.dumps(options)]
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        most = [0]
        stop = threading.Event()
        watcher = threading.Thread(target=_watch, args=(child.pid, folder, most, stop))
        watcher.start()
        said, _ = child.communicate()
        stop.set()
        watcher.join()
    if child.returncode:
        raise SystemExit(f"{phase} failed with exit code {child.returncode}")
    out = Path(options["out"])
    return {
        **json.loads(said.splitlines()[-1]),
        "written": out.stat().st_size if out.is_file() else 0,
        "scratch": most[0],
    }


def _watch(process: int, folder: str, most: list[int], stop: threading.Event) -> None:
    """Note the most bytes of files in a folder, those without a name included, that a process has."""
    while not stop.wait(0.05):
        sizes: dict[int, int] = {}
        with contextlib.suppress(OSError):
            for entry in Path(folder).rglob("*"):
                with contextlib.suppress(OSError):
                    sizes[entry.stat().st_ino] = entry.stat().st_blocks * 512
            for file in os.scandir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(file.path).startswith(folder):
                        sizes[os.stat(file.path).st_ino] = os.stat(file.path).st_blocks * 512
            for line in Path(f"/proc/{process}/maps").read_text().splitlines():
                fields = line.split(maxsplit=5)
                if len(fields) == 6 and fields[5].startswith(folder) and fields[5].endswith("(deleted)"):
                    first, last = (int(end, 16) for end in fields[0].split("-"))
                    sizes[int(fields[4])] = max(sizes.get(int(fields[4]), 0), last - first)
        most[0] = max(most[0], sum(sizes.values()))


def peak() -> int:
    """Return the most bytes that were resident in this process."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def run(phases: dict[str, Any]) -> None:
    """Be the process of a phase."""
    start = time.perf_counter()
    result = phases[sys.argv[1]](**json.loads(sys.argv[2]))
    figures = {"seconds": time.perf_counter() - start, "cpu": time.process_time(), "peak": peak()}
    print(json.dumps(figures | result))


if __name__ == "__main__":
    run(PHASES)
