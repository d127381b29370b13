"""Word2Vec with gensim's face: what it learns is what the engine learns, and what it promises to programs of gensim."""

from __future__ import annotations

import copy
import logging
import math
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import Corpus, train
from fastqwem.models import KeyedVectors, Word2Vec
from fastqwem.models.callbacks import CallbackAny2Vec
from fastqwem.models.epochs import SHARED_NEGATIVES, Run
from fastqwem.models.vocabulary import RULE_DISCARD, RULE_KEEP
from fastqwem.text.vocab import Vocab

WORDS = [f"w{i}" for i in range(40)]


def make_sentences(n: int = 300, seed: int = 0, longest: int = 12) -> list[list[str]]:
    """Sentences of words with falling frequencies."""
    random = np.random.default_rng(seed)
    chances = 1 / np.arange(1, len(WORDS) + 1)
    lengths = random.integers(0, longest, n)
    return [[WORDS[i] for i in random.choice(len(WORDS), k, p=chances / chances.sum())] for k in lengths]


SENTENCES = make_sentences()
SMALL = {"vector_size": 8, "min_count": 2, "workers": 1, "epochs": 3}
KINDS = [
    {"sg": 1},
    {"sg": 0},
    {"sg": 1, "hs": 1, "negative": 0},
    {"sg": 0, "hs": 1, "negative": 0, "cbow_mean": 0},
    {"sg": 1, "hs": 1, "negative": 3, "sample": 0},
    {"sg": 0, "cbow_mean": 0, "shrink_windows": False, "window": 2, "sample": 0.01, "ns_exponent": -0.5},
]


def same(a: Word2Vec, b: Word2Vec) -> bool:
    """Whether two models have the same words and bits."""
    names = [name for name in ("syn1", "syn1neg") if name in vars(a)]
    return (
        a.wv.index_to_key == b.wv.index_to_key
        and np.array_equal(a.wv.vectors, b.wv.vectors)
        and all(np.array_equal(vars(a)[name], vars(b)[name]) for name in names)
    )


class Passes:
    """A corpus that counts how often it was walked, and gives other sentences each time if asked to."""

    def __init__(self, sentences, change=False):
        self.sentences, self.change, self.walked = sentences, change, 0

    def __iter__(self):
        self.walked += 1
        yield from self.sentences if not self.change else make_sentences(seed=self.walked)


# The engine


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_it_learns_what_train_learns_to_the_bit(kind):
    model = Word2Vec(SENTENCES, seed=7, **SMALL, **kind)
    begun = Word2Vec(seed=7, **SMALL, **kind)
    begun.build_vocab(SENTENCES)
    assert begun.wv.index_to_key == model.wv.index_to_key
    vocab = Vocab(begun.wv.index_to_key, begun.wv.expandos["count"])
    architecture = "skipgram" if model.sg else "cbow"
    trained = train(
        Corpus.from_sentences(SENTENCES, vocab=vocab), "sgns", architecture, 8, model.window, model.negative,
        model.ns_exponent, model.sample, model.alpha, model.min_alpha, 3, 1, 7, hs=bool(model.hs),
        shared_negatives=SHARED_NEGATIVES[architecture], init=begun.wv.vectors, shrink_windows=model.shrink_windows,
        cbow_mean=bool(model.cbow_mean),
    )  # fmt: skip
    assert not np.array_equal(trained.input_vectors, begun.wv.vectors)
    assert np.array_equal(model.wv.vectors, trained.input_vectors)
    if model.negative:
        assert np.array_equal(model.syn1neg, trained.output_vectors)
    if model.hs:
        assert np.array_equal(model.syn1[:-1], trained.node_vectors)
        assert not model.syn1[-1].any()
    assert [record.loss for record in model.history_] == [record.loss for record in trained.history]


@pytest.mark.parametrize("kind", KINDS[:3], ids=str)
def test_one_step_two_steps_and_a_file_are_one(kind, tmp_path):
    whole = Word2Vec(SENTENCES, **SMALL, **kind)
    steps = Word2Vec(**SMALL, **kind)
    steps.build_vocab(SENTENCES)
    steps.train(SENTENCES, total_examples=steps.corpus_count, epochs=steps.epochs)
    assert same(whole, steps)
    path = tmp_path / "text"
    path.write_text("\n".join(" ".join(sentence) for sentence in SENTENCES))
    assert same(whole, Word2Vec(corpus_file=str(path), **SMALL, **kind))
    assert same(whole, Word2Vec(SENTENCES, memory="64KB", **SMALL, **kind))
    assert not same(whole, Word2Vec(SENTENCES, seed=2, **SMALL, **kind))


def test_a_second_call_of_train_goes_on_with_fresh_samples():
    model = Word2Vec(SENTENCES, **SMALL)
    other = copy.deepcopy(model)
    other.epochs_done = 0
    for each in (model, other):
        each.train(SENTENCES, total_examples=len(SENTENCES), epochs=1)
    assert not same(model, other)
    assert [record.epoch for record in model.history_] == [1, 2, 3, 4]


def test_a_small_corpus_has_one_result_with_any_number_of_workers():
    few = make_sentences(200)
    assert same(Word2Vec(few, **SMALL | {"workers": 1}), Word2Vec(few, **SMALL | {"workers": 4}))


def test_the_rate_falls_from_alpha_to_min_alpha():
    model = Word2Vec(SENTENCES, alpha=0.1, min_alpha=0.02, **SMALL | {"epochs": 4})
    # one chunk: the rate of an epoch is that of its beginning
    assert [record.alpha for record in model.history_] == pytest.approx([0.1, 0.08, 0.06, 0.04])
    assert model.min_alpha_yet_reached == model.history_[-1].alpha
    model.train(SENTENCES, total_examples=300, epochs=2, start_alpha=0.05, end_alpha=0.05)
    assert [record.alpha for record in model.history_[4:]] == pytest.approx([0.05, 0.05])
    assert (model.alpha, model.min_alpha, model.epochs) == (0.05, 0.05, 2)


def test_long_sentences_are_trained_to_their_end():
    random = np.random.default_rng(1)
    sentence = [WORDS[i] for i in random.integers(0, 40, 25_000)]
    model = Word2Vec([sentence] * 2, sample=0, batch_words=100, **SMALL | {"epochs": 1})
    assert model.train([sentence] * 2, total_examples=2, epochs=2) == (100_000, 100_000)
    assert [record.words for record in model.history_] == [50_000] * 3


def test_what_train_returns():
    known = Counter(word for sentence in SENTENCES for word in sentence)
    n_words = sum(known.values())
    model = Word2Vec(sample=0, **SMALL | {"min_count": 30})
    model.build_vocab(SENTENCES)
    kept = sum(count for count in known.values() if count >= 30)
    assert model.train(SENTENCES, total_examples=300, epochs=2) == (2 * kept, 2 * n_words)
    assert model.corpus_total_words == n_words
    assert model.corpus_count == len(SENTENCES)


def test_the_loss_is_a_mean_and_a_sum():
    model = Word2Vec(SENTENCES, compute_loss=True, **SMALL)
    total = sum(record.loss * record.pairs for record in model.history_)
    assert model.get_latest_training_loss() == pytest.approx(total)
    # untrained, a pair costs (1 + K) ln 2, but for negatives that are its own word
    assert 4.5 * math.log(2) < model.history_[0].loss < 6 * math.log(2)
    model.train(SENTENCES, total_examples=300, epochs=1)
    assert model.get_latest_training_loss() == 0
    assert len(model.history_) == 4


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("hs", [0, 1])
def test_locks_scale_the_steps_of_a_word(sg, hs):
    # One sentence of two words. The other side begins at zero, so the first block moves it alone, and the second moves
    # inputs, by an amount that locks scale and nothing else depends on. Negative sampling has one block per epoch here,
    # hierarchical softmax one per word. Four float32 roundings of numbers below 1 / 4 lie between the two sides.
    def moved(locks):
        model = Word2Vec(
            vector_size=4, min_count=1, sg=sg, hs=hs, negative=2 * (1 - hs), sample=0, alpha=1, min_alpha=1, workers=1
        )
        model.build_vocab([["a", "b"]])
        model.wv.vectors_lockf = np.array(locks, np.float32)
        before = model.wv.vectors.copy()
        model.train([["a", "b"]], total_examples=1, epochs=2 - hs)
        return model.wv.vectors - before

    free = moved([1])
    assert (free != 0).any(axis=1).sum() == 2 - hs
    assert np.allclose(moved([0.5, 0]), free * [[0.5], [0]], rtol=0, atol=1e-7)
    assert np.allclose(moved([0.25]), free * 0.25, rtol=0, atol=1e-7)


def test_matrices_that_nobody_holds_are_lent_not_copied():
    model = Word2Vec(**SMALL)
    model.build_vocab(SENTENCES)
    before = model.wv.vectors.tolist()
    run = Run(model, 1, 1, 1.0)
    run.lend()
    assert model.wv.vectors.strides == model.syn1neg.strides == (0, 0)
    run.give_back(last=True)
    assert model.wv.vectors.tolist() == before
    for matrix in (model.wv.vectors, model.syn1neg):
        assert matrix.flags.writeable
        assert matrix.flags.c_contiguous


def test_vectors_are_trained_in_place_where_somebody_holds_them():
    model = Word2Vec(**SMALL)
    model.build_vocab(SENTENCES)
    held, before = model.wv.vectors, model.wv.vectors.copy()
    model.train(SENTENCES, total_examples=300, epochs=1)
    assert held is model.wv.vectors
    assert not np.array_equal(held, before)
    assert model.syn1neg.flags.c_contiguous
    assert model.syn1neg.flags.writeable


# The vocabulary

counts_of_words = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=25)


@settings(max_examples=100, deadline=None)
@given(sentences=counts_of_words, min_count=st.integers(0, 5), most=st.none() | st.integers(1, 8), sort=st.booleans())
def test_the_vocabulary_is_what_counting_says(sentences, min_count, most, sort):
    counts = Counter(word for sentence in sentences for word in sentence)
    bar = min_count
    if most is not None and most < len(counts):
        bar = max(bar, sorted(counts.values(), reverse=True)[most] + 1)
    expected = [word for word, count in counts.items() if count >= bar]
    if sort:  # falling counts; of equal ones the word that appeared last comes first
        expected.reverse()
        expected.sort(key=counts.__getitem__, reverse=True)
    model = Word2Vec(vector_size=2, min_count=min_count, max_final_vocab=most, sorted_vocab=sort, sample=0.05)
    model.build_vocab(sentences, keep_raw_vocab=True)
    assert model.wv.index_to_key == expected
    assert [model.wv.get_vecattr(word, "count") for word in expected] == [counts[word] for word in expected]
    assert model.raw_vocab == counts
    assert (model.corpus_count, model.corpus_total_words) == (len(sentences), counts.total())
    total = sum(counts[word] for word in expected)
    for word in expected:
        share = 0.05 * total / counts[word]
        chance = min(1, math.sqrt(share) + share)
        assert model.wv.get_vecattr(word, "sample_int") / (2**32 - 1) == pytest.approx(chance, abs=1e-9)
    weights = np.cumsum([counts[word] ** 0.75 for word in expected])
    assert model.cum_table.tolist() == pytest.approx([w / weights[-1] * (2**31 - 1) for w in weights], abs=1)


def test_trim_rules_and_min_count():
    rule = {"w0": RULE_DISCARD, "w39": RULE_KEEP}
    model = Word2Vec(min_count=10)
    model.build_vocab(SENTENCES, trim_rule=lambda word, count, min_count: rule.get(word, 0))
    counts = Counter(word for sentence in SENTENCES for word in sentence)
    assert counts["w39"] < 10
    wanted = {word for word, count in counts.items() if count >= 10} - {"w0"} | {"w39"}
    assert set(model.wv.key_to_index) == wanted


def test_a_further_corpus_adds_words_and_counts_and_keeps_vectors():
    model = Word2Vec(SENTENCES, **SMALL)
    old, n_old = model.wv.vectors.copy(), len(model.wv)
    words, count = list(model.wv.index_to_key), model.wv.get_vecattr("w0", "count")
    more = [["new", "w0", "w0"], ["new", "w0", "rare"]]
    model.build_vocab(more, update=True)
    assert model.wv.index_to_key == [*words, "new"]
    assert np.array_equal(model.wv.vectors[:n_old], old)
    assert model.wv.vectors[n_old].any()
    assert model.syn1neg.shape == model.wv.vectors.shape
    assert (model.wv.get_vecattr("w0", "count"), model.wv.get_vecattr("new", "count")) == (count + 3, 2)
    assert (model.corpus_count, model.corpus_total_words) == (2, 6)
    total = int(model.wv.expandos["count"].sum())  # of both corpora: gensim would go by the second alone
    share = 0.001 * total / (count + 3)
    assert model.wv.get_vecattr("w0", "sample_int") == pytest.approx((math.sqrt(share) + share) * (2**32 - 1), rel=1e-6)
    model.train(more, total_examples=2, epochs=1)


def test_words_may_be_anything_hashable():
    walks = [[(1, 2), 7, "a", b"x", np.int64(8)] * 3] * 4
    model = Word2Vec(walks, vector_size=4, min_count=1)
    assert set(model.wv.index_to_key) == {(1, 2), 7, "a", b"x", 8}
    assert model.wv.get_vecattr(7, "count") == 12
    assert model.wv[(1, 2),].shape == (1, 4)
    texts = [[np.str_("north"), np.str_("south")]] * 6
    assert "north" in Word2Vec(texts, vector_size=4).wv


def test_a_tree_of_unsorted_counts_is_as_short_as_of_sorted_ones():
    lengths = []
    for sort in (0, 1):
        model = Word2Vec(hs=1, negative=0, sorted_vocab=sort)
        model.build_vocab(SENTENCES)
        wv = model.wv
        lengths.append(sum(len(wv.get_vecattr(w, "code")) * wv.get_vecattr(w, "count") for w in wv.index_to_key))
        paths = {tuple(wv.get_vecattr(w, "code")) for w in wv.index_to_key}
        assert not any(
            a != b and a == b[: len(a)] for a in paths for b in paths
        )  # no word's path leads through another
    assert lengths[0] == lengths[1]


def test_one_word_is_a_vocabulary_that_learns_nothing():
    for options in ({"hs": 1, "negative": 0}, {"hs": 1}, {}):
        model = Word2Vec([["a", "a", "b"]], min_count=2, vector_size=4, **options)
        assert model.wv.index_to_key == ["a"]
        assert np.isfinite(model.wv.vectors).all()


# Corpora


def test_sentences_are_walked_once_by_the_constructor_and_once_by_train():
    corpus = Passes(SENTENCES)
    model = Word2Vec(corpus, **SMALL)
    assert corpus.walked == 1
    model.train(corpus, total_examples=300, epochs=4)
    assert corpus.walked == 2
    assert same(Word2Vec(iter(SENTENCES), **SMALL), Word2Vec(SENTENCES, **SMALL))


def test_a_corpus_that_changes_is_walked_anew_on_demand():
    steady, changing = Passes(SENTENCES), Passes(SENTENCES, change=True)
    assert same(Word2Vec(steady, reiterate=True, **SMALL), Word2Vec(SENTENCES, **SMALL))
    assert steady.walked == 1 + 3
    model = Word2Vec(changing, reiterate=True, **SMALL)
    assert changing.walked == 1 + 3
    sizes = [sum(map(len, make_sentences(seed=seed))) for seed in (2, 3, 4)]
    assert model.train(changing, total_examples=300, epochs=3)[1] == sum(
        sum(map(len, make_sentences(seed=seed))) for seed in (5, 6, 7)
    )
    assert len(set(sizes)) > 1


def test_a_subclass_may_change_the_sentences_of_a_batch():
    class Doubled(Word2Vec):
        def _do_train_job(self, sentences, alpha, inits):
            return super()._do_train_job([[*sentence, *sentence] for sentence in sentences], alpha, inits)

    doubled = [[*sentence, *sentence] for sentence in SENTENCES]
    plain = Word2Vec(SENTENCES, **SMALL)
    other = Doubled(SENTENCES, batch_words=50, **SMALL)
    begun = Word2Vec(**SMALL)
    begun.build_vocab(SENTENCES)
    begun.train(doubled, total_examples=300, epochs=3)
    assert same(other, begun)
    assert not same(other, plain)


# Callbacks


class Recorder(CallbackAny2Vec):
    def __init__(self):
        self.seen = []

    def on_train_begin(self, model):
        self.seen.append("begin")

    def on_epoch_begin(self, model):
        self.seen.append("epoch")

    def on_epoch_end(self, model):
        self.seen.append(model.wv.vectors.copy())

    def on_train_end(self, model):
        self.seen.append("end")


def test_callbacks_see_the_vectors_of_their_moment():
    recorder = Recorder()
    model = Word2Vec(SENTENCES, callbacks=[recorder], **SMALL)
    assert [item if isinstance(item, str) else "array" for item in recorder.seen] == [
        "begin", *["epoch", "array"] * 3, "end"
    ]  # fmt: skip
    first, second, last = recorder.seen[2:7:2]
    assert not np.array_equal(first, second)
    assert np.array_equal(last, model.wv.vectors)
    assert same(model, Word2Vec(SENTENCES, **SMALL))


def test_what_callbacks_change_is_trained_on_and_kept():
    class Clears(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.wv.vectors[:] = 0
            model.running_training_loss = 0.0
            model.alpha = model.min_alpha = 0.01

    model = Word2Vec(SENTENCES, callbacks=[Clears()], compute_loss=True, **SMALL)
    assert not model.wv.vectors.any()
    assert model.syn1neg.any()
    assert model.get_latest_training_loss() == 0
    assert [record.alpha for record in model.history_] == pytest.approx([0.025, 0.01, 0.01])


def test_an_exception_of_a_callback_ends_training_and_keeps_what_was_learnt():
    class Stops(Recorder):
        def on_epoch_end(self, model):
            super().on_epoch_end(model)
            if len(model.history_) == 2:
                raise StopIteration("enough")

    stops = Stops()
    model = Word2Vec(**SMALL)
    model.build_vocab(SENTENCES)
    with pytest.raises(StopIteration, match="enough"):
        model.train(SENTENCES, total_examples=300, epochs=3, callbacks=[stops])
    assert np.array_equal(model.wv.vectors, stops.seen[-1])
    assert len(model.history_) == 2


# Files


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_models_go_through_files_and_go_on(kind, tmp_path):
    model = Word2Vec(SENTENCES, comment="mine", **SMALL, **kind)
    model.save(str(tmp_path / "model"))
    copies = [
        Word2Vec.load(str(tmp_path / "model")),
        Word2Vec.load(tmp_path / "model", mmap="r"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ]
    for other in copies:
        assert same(model, other)
        assert other.comment == "mine"
        assert other.history_ == model.history_
        assert other.wv.expandos.keys() == model.wv.expandos.keys()
        missing = {name for name in vars(model) if name not in vars(other)}
        assert not missing
    for each in (model, *copies):
        each.build_vocab([["new", "w0"]] * 3, update=True)
        each.train(SENTENCES, total_examples=300, epochs=2)
    for other in copies:
        assert same(model, other)


def test_a_model_that_gensim_saved_goes_on(tmp_path):
    gensim = pytest.importorskip("gensim.models")
    for kind in ({"sg": 1}, {"hs": 1, "negative": 0}):
        theirs = gensim.Word2Vec(SENTENCES, **SMALL, **kind)
        theirs.save(str(tmp_path / "theirs"))
        model = Word2Vec.load(str(tmp_path / "theirs"))
        assert np.array_equal(model.wv.vectors, theirs.wv.vectors)
        assert model.wv.index_to_key == theirs.wv.index_to_key
        for name in (
            "alpha",
            "window",
            "epochs",
            "seed",
            "sg",
            "hs",
            "negative",
            "min_count",
            "corpus_count",
            "sample",
        ):
            assert getattr(model, name) == getattr(theirs, name)
        before = model.wv.vectors.copy()
        model.train(SENTENCES, total_examples=300, epochs=1)
        assert not np.array_equal(before, model.wv.vectors)
        if model.hs:  # its tree, not one of ours
            codes = zip(model.wv.expandos["code"], theirs.wv.expandos["code"], strict=True)
            assert all(np.array_equal(a, b) for a, b in codes)


# Questions


def naive_score(model, sentence):
    """Log-probability of a sentence, pair by pair and node by node."""
    words = [word for word in sentence if word in model.wv]
    total = 0.0
    for at, word in enumerate(words):
        around = [w for i, w in enumerate(words) if i != at and abs(i - at) <= model.window]
        inputs = [model.wv[w].astype(float) for w in around]
        if not model.sg:
            inputs = [sum(inputs, np.zeros(model.vector_size)) / (max(len(inputs), 1) if model.cbow_mean else 1)]
        for vector in inputs:
            for code, point in zip(
                model.wv.get_vecattr(word, "code"), model.wv.get_vecattr(word, "point"), strict=True
            ):
                z = float(vector @ model.syn1[point])
                total += math.log(1 / (1 + math.exp(z if code else -z)))
    return total


@pytest.mark.parametrize("kind", [{"sg": 1}, {"sg": 0}, {"sg": 0, "cbow_mean": 0}], ids=str)
def test_score(kind):
    model = Word2Vec(SENTENCES, hs=1, negative=0, window=3, alpha=0.5, **SMALL, **kind)
    sentences = [*SENTENCES[:20], ["w0"], ["nothing"], []]
    expected = [naive_score(model, sentence) for sentence in sentences]
    assert model.score(sentences) == pytest.approx(expected, rel=1e-5, abs=1e-5)  # float32 results
    assert len(model.score(sentences, total_sentences=5)) == 5


@pytest.mark.parametrize("mean", [0, 1])
def test_predict_output_word(mean):
    model = Word2Vec(SENTENCES, cbow_mean=mean, alpha=0.5, **SMALL)
    context = ["w0", "w1", "w0", "nothing"]
    vector = sum(model.wv[word].astype(float) for word in context[:3]) / (3 if mean else 1)
    chances = np.exp(model.syn1neg.astype(float) @ vector)
    chances /= chances.sum()
    found = model.predict_output_word(context, topn=4)
    best = np.argsort(-chances)[:4]
    assert [word for word, _ in found] == [model.wv.index_to_key[i] for i in best]
    assert [chance for _, chance in found] == pytest.approx(chances[best].tolist(), rel=1e-5)
    assert len(model.predict_output_word(["w1"], topn=0)) == len(model.wv)
    assert model.predict_output_word(["nothing"]) is None


def test_small_things():
    model = Word2Vec(SENTENCES, **SMALL)
    assert str(model) == f"Word2Vec<vocab={len(model.wv)}, vector_size=8, alpha=0.025>"
    other = Word2Vec(**SMALL)
    other.build_vocab([["other", "words"]] * 2)
    other.reset_from(model)
    assert other.wv.index_to_key == model.wv.index_to_key
    other.train(SENTENCES, total_examples=300, epochs=3)
    assert same(model, other)
    model.init_weights()
    assert not model.syn1neg.any()
    assert model.estimate_memory(10)["total"] == 10 * (500 + 2 * 4 * 8)
    with pytest.warns(DeprecationWarning, match="unit_normalize_all"):
        model.init_sims(replace=True)
    assert np.linalg.norm(model.wv.vectors, axis=1) == pytest.approx(np.ones(len(model.wv)), rel=1e-6)


# Bad input


def test_corpora_that_are_none():
    def generator():
        yield from SENTENCES

    one = Word2Vec(**SMALL)
    with pytest.raises(TypeError, match="Using a generator"):
        Word2Vec(generator(), **SMALL)
    one.build_vocab(generator())
    with pytest.raises(TypeError, match="Using a generator"):
        one.train(generator(), total_examples=300, epochs=2)
    one.train(generator(), total_examples=300, epochs=1)
    for bad, match in [
        ([["a"], 5], r"sentences\[1\] must be a list of words, got int"),
        ([(w for w in "ab")], r"sentences\[0\] must be a list of words, got generator"),
        ([["a", ["b"]]], r"sentences\[0\]\[1\] must be hashable, got list"),
        (7, "must be an iterable"),
    ]:
        with pytest.raises(TypeError, match=match):
            Word2Vec(bad, **SMALL)
        with pytest.raises(TypeError, match=match):
            one.train(bad, total_examples=2, epochs=1)
    with pytest.raises(TypeError, match="both"):
        Word2Vec(SENTENCES, corpus_file=__file__)
    with pytest.raises(TypeError, match="must be the path of a file"):
        Word2Vec(corpus_file="/no/such/file")
    with pytest.raises(TypeError, match="a corpus is missing"):
        one.build_vocab()


def test_text_instead_of_lists_is_told(caplog):
    model = Word2Vec(vector_size=2, min_count=1)
    model.build_vocab(["human machine"])
    assert "each of its characters counts as a word" in caplog.text
    assert set(model.wv.key_to_index) == set("human machine")


def test_an_iterator_that_is_used_up_is_told(caplog):
    iterator = iter(SENTENCES)
    model = Word2Vec(**SMALL)
    model.build_vocab(iterator)
    assert model.train(iterator, total_examples=300, epochs=2) == (0, 0)
    assert "used up" in caplog.text


def test_nothing_to_train():
    with pytest.raises(RuntimeError, match="first build vocabulary"):
        Word2Vec().train(SENTENCES, total_examples=300, epochs=1)
    with pytest.raises(RuntimeError, match="lower min_count"):
        Word2Vec(SENTENCES, min_count=10_000)
    with pytest.raises(RuntimeError, match="this model has none"):
        Word2Vec().build_vocab(SENTENCES, update=True)
    model = Word2Vec(**SMALL)
    model.build_vocab(SENTENCES)
    for arguments, match in [
        ({"epochs": 1}, "total_examples or total_words must be given"),
        ({"total_examples": 300}, "epochs must be given"),
        ({"total_examples": 300, "epochs": 0}, "epochs must be given and at least 1"),
    ]:
        with pytest.raises(ValueError, match=match):
            model.train(SENTENCES, **arguments)
    with pytest.raises(TypeError, match="'sentence'"):
        model.train(SENTENCES, total_examples=300, epochs=1, sentence=3)
    assert model.train([["unknown"]], total_examples=1, epochs=1) == (0, 1)


def test_matrices_that_do_not_fit():
    model = Word2Vec(SENTENCES, **SMALL)
    model.syn1neg = model.syn1neg[:-1]
    with pytest.raises(RuntimeError, match=r"syn1neg must have shape \(\d+, 8\) to be trained, got"):
        model.train(SENTENCES, total_examples=300, epochs=1)
    model = Word2Vec(SENTENCES, **SMALL)
    model.wv = KeyedVectors(8)
    model.wv.add_vectors(["a", "b"], np.ones((2, 8)))
    with pytest.raises(RuntimeError, match="syn1neg must have shape"):
        model.train(SENTENCES, total_examples=300, epochs=1)
    model.syn1neg = np.zeros((2, 8), np.float32)
    with pytest.raises(RuntimeError, match="needs the attribute 'count'"):
        model.train(SENTENCES, total_examples=300, epochs=1)


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("workers", 0, ValueError),
        ("workers", -2, ValueError),
        ("window", 0, ValueError),
        ("vector_size", 0, ValueError),
        ("vector_size", 8.0, TypeError),
        ("vector_size", "8", TypeError),
        ("alpha", math.nan, ValueError),
        ("sample", -1, ValueError),
        ("ns_exponent", 1e6, ValueError),
        ("memory", "much", ValueError),
        ("seed", -1, ValueError),
    ],
)
def test_options_out_of_range(option, value, error):
    with pytest.raises(error, match="(?i)" + option):
        Word2Vec(SENTENCES, **{option: value})


def test_names_of_gensim_3_are_told():
    with pytest.raises(TypeError, match="since gensim 4 it is 'vector_size'"):
        Word2Vec(SENTENCES, size=3)
    with pytest.raises(TypeError, match="since gensim 4 it is 'epochs'"):
        Word2Vec(SENTENCES, iter=3)
    model = Word2Vec(SENTENCES, **SMALL)
    with pytest.raises(AttributeError, match=r"model\.wv\.most_similar"):
        model.most_similar("w0")
    with pytest.raises(TypeError, match=r"use model\.wv"):
        model["w0"]
    with pytest.raises(AttributeError, match="call it on the class"):
        model.load("file")
    with pytest.raises(RuntimeError, match="hs=1"):
        model.score(SENTENCES)


def test_exceptions_of_the_corpus_reach_the_caller():
    class Broken:
        def __init__(self):
            self.passes = 0

        def __iter__(self):
            self.passes += 1
            yield from SENTENCES
            if self.passes == 2:
                raise OSError("the disk is gone")

    model = Word2Vec(**SMALL)
    broken = Broken()
    model.build_vocab(broken)
    before = model.wv.vectors.copy()
    with pytest.raises(OSError, match="the disk is gone"):
        model.train(broken, total_examples=300, epochs=2)
    assert np.array_equal(model.wv.vectors, before)
    with pytest.raises(OSError, match="the disk is gone"):
        Word2Vec(Broken(), reiterate=True, **SMALL)


def test_progress_goes_to_the_log(caplog):
    with caplog.at_level(logging.INFO, "fastqwem.models.word2vec"):
        Word2Vec(SENTENCES, **SMALL)
    for text in ("counted", "min_count=2 keeps", "EPOCH 1: trained", "mean loss per pair"):
        assert text in caplog.text
