"""Training holds two matrices, the corpus and 64 MB; checkpoints and results are no further copies."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys, numpy as np
from fastqwem import Corpus, Vocab, train

def status(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))

n, n_tokens, d = 150_000, 1_000_000, 200
ids = np.random.default_rng(0).integers(0, n, n_tokens).astype(np.int32)
counts = np.bincount(ids, minlength=n)
corpus = Corpus(Vocab([f"word{i}" for i in range(n)], counts), ids, np.arange(0, n_tokens + 1, 20))
corpus.vocab.index
before = status("VmRSS")
model = train(corpus, vector_size=d, epochs=1, workers=2, init=sys.argv[2] or None, checkpoint=sys.argv[1])
vectors = model.vectors
print(status("VmHWM") - before, 2 * 4 * n * d)
"""


def test_two_matrices_and_64_mb(tmp_path):
    for init in ("", "normal"):
        argv = [sys.executable, "-c", SCRIPT, str(tmp_path / "c.fqm"), init]
        peak, matrices = map(int, subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout.split())
        assert 0.9 * matrices < peak < 1.04 * matrices + 64e6  # rows of 200 floats are padded to 208
