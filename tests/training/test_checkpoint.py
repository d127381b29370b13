"""Whatever interrupts training, going on gives the bits that would have come without."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest
from topics import topical

import fastqwem.training.loop
from fastqwem import Corpus, TrainedModel, resume, storage, train
from fastqwem.errors import FormatError, TrainingInterrupted

OPTIONS = {"vector_size": 10, "epochs": 3, "workers": 1, "alpha": 0.05, "sample": 0.1, "held_out": 0.05}
KINDS = {
    "sgns": {},
    "both, cbow": {"hs": True, "architecture": "cbow"},
    "qwem tied": {"objective": "qwem", "tied": True},
    # Large enough for a chunk to take longer than the time between two ticks: stopped amid spans.
    "exact": {"objective": "qwem", "exact_negatives": True, "vector_size": 280},
}


@pytest.fixture(scope="module")
def long_corpus():
    """100,000 tokens: 13 chunks."""
    return Corpus.from_sentences(topical(n_sentences=1000, length=100), min_count=1)


@pytest.fixture(autouse=True)
def short_spans(monkeypatch):
    """Spans of 2 and 3 chunks, so that progress, told at the end of each span at least, can stop in many places."""
    monkeypatch.setattr(fastqwem.training.loop, "SPAN", 2)
    monkeypatch.setattr(fastqwem.training.loop, "exact_span", lambda n_words: 3)


class Stop:
    """A progress callable that raises at a share of the work, once."""

    def __init__(self, share, error=KeyboardInterrupt):
        self.share, self.error = share, error

    def __call__(self, done, total):
        if done >= self.share * total:
            self.share = 2
            raise self.error


def matrices(model):
    return {name: model._matrix(name) for name in model.options.matrices}


def same(a, b):
    assert matrices(a).keys() == matrices(b).keys()
    for name, matrix in matrices(a).items():
        np.testing.assert_array_equal(matrix, matrices(b)[name])
    assert a.done == b.done and a.options == b.options
    for x, y in zip(a.history, b.history, strict=True):
        assert (x.epoch, x.alpha, x.pairs, x.words, x.held_out_loss) == (
            *(y.epoch, y.alpha, y.pairs, y.words),
            y.held_out_loss,
        )
        assert x.loss == pytest.approx(y.loss, rel=1e-12)  # sums of chunks in another order


def interrupted(corpus, path, kind, whole):
    """Stop at several places of each epoch, over and over, and resume: (places, which checkpoints held moments)."""
    places, seen = set(), []
    with pytest.raises(TrainingInterrupted, match=r"interrupted in epoch 1 of 3") as stop:
        train(corpus, **(OPTIONS | KINDS[kind]), progress=Stop(0.1), checkpoint=path)
    same(TrainedModel.load(path), stop.value.model)
    for share in (0.2, 0.3, 0.45, 0.6, 0.7, 0.99):
        part = stop.value.model
        places.add(part.done)
        seen.append("mu" in storage.read_container(path, "model", 1)[1])
        assert not part.is_live and np.isfinite(part.vectors.vectors).all()
        with pytest.raises(TrainingInterrupted) as stop:
            source = path if share != 0.45 else part
            resume(source, corpus, workers=1, progress=Stop(share), checkpoint=path)
    places.add(stop.value.model.done)
    same(resume(path, corpus, workers=1, progress=False), whole)
    same(resume(stop.value.model, corpus, workers=1, progress=False), whole)
    assert len(places) >= 5 and {epoch for epoch, _ in places} == {0, 1, 2}
    return places, seen


@pytest.mark.parametrize("kind", KINDS)
def test_resumed_to_the_same_bits(long_corpus, tmp_path, kind):
    """Interrupted through the file and through memory; with exact negatives also amid a span of the same moments."""
    whole = train(long_corpus, **(OPTIONS | KINDS[kind]), progress=False)
    for _ in range(5):  # where a run stops is a matter of time; on a busy machine it may always be between spans
        places, seen = interrupted(long_corpus, tmp_path / "c.fqm", kind, whole)
        if kind != "exact" or (any(chunk % 3 for _, chunk in places) and any(seen)):
            return
    pytest.fail("five runs, and none was stopped amid a span")


def test_stopped_between_epochs(long_corpus, tmp_path):
    whole = train(long_corpus, **OPTIONS, progress=False)
    path = tmp_path / "c.fqm"
    part = train(long_corpus, **OPTIONS, progress=False, checkpoint=path, callbacks=[lambda model: True])
    assert part.done == (1, 0)
    same(TrainedModel.load(path), part)
    same(resume(path, long_corpus, workers=1, progress=False, checkpoint=path), whole)
    complete = TrainedModel.load(path)
    same(complete, whole)
    same(resume(complete, long_corpus, workers=1, progress=False), whole)  # nothing left to do


def test_a_continued_model_resumes_its_own_schedule(long_corpus, tmp_path):
    model = train(long_corpus, **OPTIONS, progress=False)
    quiet = {"workers": 1, "progress": False}
    whole = model.continue_training(long_corpus, 2, alpha=0.01, **quiet)
    with pytest.raises(TrainingInterrupted, match="in epoch 5 of 5") as stop:
        model.continue_training(long_corpus, 2, alpha=0.01, workers=1, progress=Stop(0.7))
    same(resume(stop.value.model, long_corpus, **quiet), whole)
    # More epochs for a model that stopped amid one begin with the next.
    assert stop.value.model.continue_training(long_corpus, 1, **quiet).done == (6, 0)


def test_other_exceptions_of_progress(long_corpus, tmp_path):
    path = tmp_path / "c.fqm"
    with pytest.raises(ZeroDivisionError):
        train(long_corpus, **OPTIONS, progress=Stop(0.5, ZeroDivisionError), checkpoint=path)
    whole = train(long_corpus, **OPTIONS, progress=False)
    assert TrainedModel.load(path).done[0] == 1
    same(resume(path, long_corpus, workers=1, progress=False), whole)


def test_signals(tmp_path):
    """Ctrl-C at any moment, in Python or C++: what the model says was trained is what was trained."""
    corpus = Corpus.from_sentences(topical(n_sentences=200, length=100), min_count=1)
    options = OPTIONS | {"epochs": 60, "vector_size": 100}
    whole = train(corpus, **options, progress=False)
    stops = 0
    model = None
    for wait in (0.05, 0.02, 0.1, 0.03, 0.07, 0.013):
        main = threading.main_thread().ident
        timer = threading.Timer(wait, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        try:
            if model is None:
                model = train(corpus, **options, progress=False)
            else:
                model = resume(model, corpus, workers=1, progress=False)
        except TrainingInterrupted as stop:
            stops += 1
            model = stop.model
        finally:
            timer.cancel()
            timer.join()
    assert stops >= 3
    same(resume(model, corpus, workers=1, progress=False), whole)


def test_save_and_load(corpus, tmp_path):
    model = train(corpus, **OPTIONS, hs=True, progress=False)
    path = tmp_path / "m.fqm"
    model.save(path)
    again = TrainedModel.load(path)
    same(again, model)
    assert again.vocab == model.vocab and again.corpus == model.corpus and again.history == model.history
    assert np.shares_memory(again.vectors.vectors, again.input_vectors)
    assert storage.peek(path)[:2] == ("model", 1)


def test_rows_are_saved_without_their_padding(corpus, tmp_path, monkeypatch):
    """A live model of padded rows, written in blocks, is the file of the same model when done."""
    monkeypatch.setattr(storage, "_BLOCK", 100)
    files = []

    def save(model):
        files.append(tmp_path / f"{len(files)}.fqm")
        model.save(files[-1])

    model = train(corpus, **OPTIONS, progress=False, callbacks=[save])
    model.save(tmp_path / "done.fqm")
    assert files[-1].read_bytes() == (tmp_path / "done.fqm").read_bytes()


def test_another_corpus_is_refused(corpus, tmp_path):
    model = train(corpus, **OPTIONS, progress=False, callbacks=[lambda model: True])
    shorter = Corpus(corpus.vocab, corpus.ids[:-60].copy(), corpus.offsets[:-1].copy())
    with pytest.raises(ValueError, match="its n_tokens and n_sentences and crc32 differs"):
        resume(model, shorter)
    ids = corpus.ids.copy()
    ids[[0, 1]] = 1 - ids[[0, 1]] if set(ids[:2]) <= {0, 1} else ids[[1, 0]]
    ids[100:200] = ids[100:200][::-1]
    with pytest.raises(ValueError, match="its crc32 differs"):
        resume(model, Corpus(corpus.vocab, ids, corpus.offsets))
    other = Corpus.from_sentences(topical(topics=("sea", "land")), min_count=1)
    with pytest.raises(ValueError, match="corpus must be the one that the model was trained on"):
        resume(model, other)


class TestDamage:
    @pytest.fixture
    def path(self, corpus, tmp_path):
        path = tmp_path / "m.fqm"
        train(corpus, **OPTIONS, progress=False, checkpoint=path)
        return path

    def refused(self, path, corpus, message):
        for read in (TrainedModel.load, lambda path: resume(path, corpus)):
            with pytest.raises(FormatError, match=message):
                read(path)

    def test_flipped_bits(self, path, corpus):
        data = bytearray(path.read_bytes())
        data[-100] ^= 4
        path.write_bytes(data)
        self.refused(path, corpus, "its checksum does not match")

    @pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.999])
    def test_truncated(self, path, corpus, kept):
        data = path.read_bytes()
        path.write_bytes(data[: int(kept * len(data))])
        self.refused(path, corpus, "no container header|truncated")

    def test_foreign(self, path, corpus):
        storage.write_container(path, "counts", 1, {}, {"x": np.zeros(2)})
        self.refused(path, corpus, "holds counts, expected model")

    def test_newer(self, path, corpus):
        _, _, header = storage.peek(path)
        storage.write_container(path, "model", 2, header, storage.read_container(path, "model", 1)[1])
        self.refused(path, corpus, "format version 2 is newer")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda h, a: a.pop("input"), "a damaged model .*input"),
            (lambda h, a: a.update(input=a["input"][:, 1:].copy()), "input is float32"),
            (lambda h, a: a.update(input=a["input"].astype(np.float64)), "input is float64"),
            (lambda h, a: a.pop("words"), "a damaged model .*words"),
            (lambda h, a: a.update(mu=np.zeros(3, np.float32)), "a damaged model .*sigma"),
            (lambda h, a: h.pop("state"), "a damaged model .*state"),
            (lambda h, a: h["state"].update(epoch=-1), "no such place: epoch -1"),
            (lambda h, a: h["state"].update(history=[{"epoch": 1}]), "a damaged model"),
            (lambda h, a: h["options"].update(window=0), "window must be at least 1"),
            (lambda h, a: h["corpus"].pop("crc32"), "a damaged model .*crc32"),
        ],
    )
    def test_what_does_not_fit(self, path, corpus, change, message):
        header, arrays = storage.read_container(path, "model", 1)
        change(header, arrays)
        storage.write_container(path, "model", 1, header, arrays)
        self.refused(path, corpus, message)

    def test_missing(self, tmp_path, corpus):
        with pytest.raises(FileNotFoundError):
            resume(tmp_path / "none", corpus)
