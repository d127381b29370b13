"""`train` on the simulated GPU: the loop around the kernels does what it does on the CPU."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
from truths import UNIT

import fastqwem.training.loop
from fastqwem import Corpus, TrainedModel, _core, resume, train
from fastqwem.errors import DeviceError, DivergedError, TrainingInterrupted
from fastqwem.training import spec
from fastqwem.training.initial import Initial
from fastqwem.training.schedule import Schedule

OPTIONS = {
    "vector_size": 3, "window": 2, "negative": 1, "epochs": 2, "sample": 0.3, "device": "cuda", "held_out": 0.1,
    "alpha": 0.05, "init": "normal",
}  # fmt: skip
EXACT = {"objective": "qwem", "exact_negatives": True}


@pytest.fixture
def corpus():
    """Thirty tokens."""
    random = np.random.default_rng(4)
    names = [f"w{i}" for i in range(6)]
    return Corpus.from_sentences([[str(word) for word in random.choice(names, 10)] for _ in range(3)], min_count=1)


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    """Chunks of 8 tokens, spans of 2 chunks, launches of one."""
    monkeypatch.setattr(_core, "TRAINING_CHUNK", 8)
    monkeypatch.setattr(spec.blocks, "CHUNK", 8)
    monkeypatch.setattr(fastqwem.training.loop, "SPAN", 2)
    monkeypatch.setattr(fastqwem.training.loop, "exact_span", lambda n_words: 3)
    monkeypatch.setattr("fastqwem.training.cuda.trainer.LAUNCH", 1)


def specified(corpus, model):
    """What the specification makes of a model's options: the matrices, and each epoch's (pairs, words, loss)."""
    o, counts = model.options, corpus.vocab.counts
    of = spec.Settings(
        vocab_size=len(corpus.vocab),
        keep=spec.keep_table(counts, o.sample),
        noise=spec.noise_weights(counts, o.ns_exponent),
        counts=counts,
        **{
            name: getattr(o, name) for name in spec.Settings.__dataclass_fields__.keys() & vars(o).keys() - {"held_out"}
        },
        held_out=int(o.held_out * 2**32),
    )
    matrices = {name: np.empty((len(corpus.vocab), o.vector_size)) for name in o.matrices}
    for name, matrix in matrices.items():
        Initial("normal", corpus.vocab, o).fill(name, matrix)
    records, n_chunks = [], -(-corpus.n_tokens // 8)
    for epoch in range(o.epochs):
        rates = Schedule.of(o, 0).rates(corpus.n_tokens, epoch, 0, n_chunks)
        sums = np.zeros(3)
        for first in range(0, n_chunks, 3):
            known = None
            if o.exact_negatives:
                known = spec.epoch.moments(matrices["input"], matrices["output"], of)
            done = spec.train_epoch(
                corpus.ids, corpus.offsets, epoch, of, matrices, rates[first : first + 3], np.float64, first, known
            )
            matrices = done.matrices
            sums += done.pairs, done.words, done.loss
        loss, pairs = spec.held_out_loss(corpus.ids, corpus.offsets, 0, of, matrices, np.float64, known)
        records.append((*sums, loss / pairs))
    return matrices, records


@pytest.mark.parametrize("changes", [{}, EXACT], ids=["sampled", "exact"])
def test_a_run_is_the_specifications(corpus, changes):
    model = train(corpus, **(OPTIONS | changes))
    assert not model.is_live and model.done == (2, 0)
    matrices, records = specified(corpus, model)
    for name, matrix in matrices.items():
        # Some 60 steps, each a few roundings of entries around 1; twenty times that is far below what alpha moves.
        np.testing.assert_allclose(model._matrix(name), matrix, rtol=0, atol=20 * 60 * UNIT * np.abs(matrix).max())
    for record, (pairs, words, loss, held_out) in zip(model.history, records, strict=True):
        assert (record.pairs, record.words) == (pairs, words)
        assert record.loss == pytest.approx(loss / pairs, rel=1e-4)
        assert record.held_out_loss == pytest.approx(held_out, rel=1e-4)


def same(a, b):
    assert a.done == b.done and a.options == b.options
    for name in a.options.matrices:
        np.testing.assert_array_equal(a._matrix(name), b._matrix(name))
    for x, y in zip(a.history, b.history, strict=True):
        assert (x.pairs, x.words, x.held_out_loss) == (y.pairs, y.words, y.held_out_loss)
        assert x.loss == pytest.approx(y.loss, rel=1e-12)


class Stop:
    """A progress callable that raises, or presses Ctrl-C, at a share of the work, once."""

    def __init__(self, share, press=False):
        self.share, self.press = share, press

    def __call__(self, done, total):
        if done >= self.share * total:
            self.share = 2
            if self.press:
                signal.raise_signal(signal.SIGINT)
            else:
                raise KeyboardInterrupt


@pytest.mark.parametrize(("changes", "press"), [({}, True), (EXACT, False)], ids=["sampled", "exact"])
def test_interrupted_and_resumed(corpus, changes, press, tmp_path):
    path = tmp_path / "model.fqm"
    whole = train(corpus, **(OPTIONS | changes))
    with pytest.raises(TrainingInterrupted, match="in epoch 1 of 2") as stop:
        train(corpus, **(OPTIONS | changes), progress=Stop(0.1, press), checkpoint=path)
    same(TrainedModel.load(path), stop.value.model)
    assert 0 < stop.value.model.done[1] < 4
    with pytest.raises(TrainingInterrupted, match="in epoch 2 of 2"):
        resume(path, corpus, progress=Stop(0.7, press), checkpoint=path)
    same(resume(path, corpus), whole)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_callbacks_see_live_vectors(corpus):
    seen = []

    def callback(model):
        assert model.is_live
        seen.append(model.vectors.vectors.copy())
        return len(seen) == 1

    model = train(corpus, **OPTIONS, callbacks=[callback])
    np.testing.assert_array_equal(seen[0], model.vectors.vectors)
    more = model.continue_training(corpus, 1)
    assert more.done == (2, 0) and np.abs(more.input_vectors - model.input_vectors).max() > 1e-3


def test_divergence(corpus):
    with pytest.raises(DivergedError, match="diverged in epoch 1 at the learning rate"):
        train(corpus, **(OPTIONS | {"alpha": 1e6, "epochs": 3}))


class Broken(Exception):
    """What the driver raises; `device.guarded` knows it by its module."""


Broken.__module__ = "numba.cuda.cudadrv.driver"


def test_a_failure_amid_an_epoch(corpus, monkeypatch, tmp_path):
    """A clear error, and the checkpoint of the epoch before."""
    from fastqwem.training.cuda.trainer import DeviceTrainer

    path, note, launches = tmp_path / "model.fqm", DeviceTrainer._note, []

    def fail_later(self, *args):
        launches.append(args)
        if len(launches) > 6:
            raise Broken("CUDA_ERROR_ILLEGAL_ADDRESS")
        note(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(DeviceTrainer, "_note", fail_later)
        with pytest.raises(DeviceError, match="the GPU failed in epoch 2: CUDA_ERROR_ILLEGAL_ADDRESS"):
            train(corpus, **OPTIONS, checkpoint=path)
    kept = TrainedModel.load(path)
    assert kept.done == (1, 0)
    same(resume(path, corpus), train(corpus, **OPTIONS))


def test_too_little_memory(corpus, monkeypatch):
    import fastqwem.cuda

    monkeypatch.setattr(fastqwem.cuda, "memory", lambda: (1000, 2000))
    with pytest.raises(DeviceError, match=r"matrices 1\.5 KiB, tables and buffers .*1000 bytes of 2\.0 KiB are free"):
        train(corpus, **OPTIONS)


def test_numba_is_imported_only_for_cuda():
    code = "import sys, fastqwem; assert not any(m.split('.')[0] == 'numba' for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
