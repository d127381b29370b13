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


MAPPED = """
import sys, numpy as np
from fastqwem import Corpus, Vocab, train

def status(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))

n_tokens = 20_000_000
ids = np.resize(np.random.default_rng(0).integers(0, 50, 1 << 16).astype(np.int32), n_tokens)
vocab = Vocab([f"word{i}" for i in range(50)], np.bincount(ids, minlength=50))
Corpus(vocab, ids, np.arange(0, n_tokens + 1, 1000)).save(sys.argv[1])
del ids
corpus = Corpus.load(sys.argv[1], mmap=True)
seen = []
before = status("RssFile")
train(corpus, vector_size=2, window=1, negative=1, sample=1e-6, workers=2, epochs=1,
      progress=lambda done, total: seen.append(status("RssFile") - before))
print(max(seen), status("RssFile") - before, corpus.ids.nbytes)
"""


def test_a_mapped_corpus_does_not_fill_the_memory(tmp_path):
    """Of the ids, those of one span of 512 chunks (17 MB) and of the one before are mapped in at most."""
    argv = [sys.executable, "-c", MAPPED, str(tmp_path / "c.fqc")]
    most, after, ids = map(int, subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout.split())
    span = 512 * 8192 * 4
    assert ids == 80_000_000
    assert most < 2 * span + 4e6 and after < span  # 4 MB: code that is touched for the first time
