"""Word2Vec with gensim's face, trained by the engine of `fastqwem.training`."""

from __future__ import annotations

import functools
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_integer, check_real, parse_memory
from ..text.collect import Sentences, encode, encode_file
from ..training.state import EpochRecord
from . import prediction
from .building import Building
from .callbacks import CallbackAny2Vec
from .epochs import Run
from .gensim_files import keyed_state
from .inputs import PathLike, check_corpus, resolved_workers
from .keyedvectors import CompatVocab as Vocab
from .keyedvectors import KeyedVectors, pseudorandom_weak_vector
from .sentences import MAX_WORDS_IN_BATCH, BrownCorpus, LineSentence, PathLineSentences, Text8Corpus
from .vocabulary import TrimRule

__all__ = [
    "CORPUSFILE_VERSION", "FAST_VERSION", "MAX_WORDS_IN_BATCH", "BrownCorpus", "KeyedVectors", "LineSentence",
    "PathLineSentences", "Text8Corpus", "Vocab", "Word2Vec",
]  # fmt: skip

FAST_VERSION = 1
"""At least 0 says that compiled code is there; here it always is."""
CORPUSFILE_VERSION = 1

logger = logging.getLogger(__name__)

_RENAMED = {"size": "vector_size", "iter": "epochs"}
_MOVED = {
    "most_similar", "most_similar_cosmul", "similarity", "n_similarity", "doesnt_match", "similar_by_word",
    "similar_by_vector", "wmdistance", "evaluate_word_pairs", "evaluate_word_analogies", "vocab", "index2word",
    "vectors", "save_word2vec_format", "get_vector", "distance",
}  # fmt: skip
_RUNTIME = {"load", "random", "hashfxn", "raw_vocab"}  # not kept in files, made anew

# Of models that gensim saved: names of older versions, what belongs to the vectors, and what has another form here.
_RENAMED_ATTRIBUTES = {"iter": "epochs", "syn0_lockf": "vectors_lockf"}
_KEYED = ("index_to_key", "key_to_index", "vectors", "expandos", "vector_size")
_NOT_TAKEN = {
    *_RUNTIME, *_KEYED, "cum_table", "history_", "index2word", "norms", "syn0", "syn0norm", "table", "vocab",
}  # fmt: skip


def _naming_what_was_renamed(init: Callable[..., None]) -> Callable[..., None]:
    """Let gensim 3's names of arguments end in an error that tells the new ones."""

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        for old, new in _RENAMED.items():
            if old in kwargs:
                raise TypeError(f"Word2Vec() got an unexpected keyword argument {old!r}: since gensim 4 it is {new!r}")
        init(self, *args, **kwargs)

    return checked


def _call_on_class_only(*args: Any, **kwargs: Any) -> None:
    raise AttributeError("load makes a new object: call it on the class, as Word2Vec.load(...)")


class Word2Vec(Building):
    """Vectors of words, learnt from the words around them (Mikolov et al. 2013, arXiv 1301.3781 and 1310.4546).

    Parameters, attributes and methods are those of gensim 4; the parameters after `shrink_windows` are ours.

    Parameters
    ----------
    sentences : iterable of lists of hashable, optional
        Words are most often str. Walked once: all epochs train on what that pass gave (see `reiterate`). Without a
        corpus the model waits for `build_vocab` and `train`.
    corpus_file : path, optional
        Instead of `sentences` a text with one sentence per line, archives too.
    vector_size : int
        Dimensions d.
    alpha, min_alpha : float
        The learning rate, falling linearly from the one to the other over all epochs.
    window : int
        The largest distance between two words of a pair.
    min_count : int
        Words that occur less often are left out.
    max_vocab_size : int, optional
        While counting, forget rare words whenever there are more than so many.
    sample : float
        Words whose share of the text is above this are thinned out; 0 keeps all.
    seed : int or None
        Of everything random. With ``workers=1`` it decides the result to the bit. None: another one every time.
    workers : int
        Threads; -1 for all cores.
    sg : {0, 1}
        1 for skip-gram, 0 for CBOW.
    hs : {0, 1}
        Hierarchical softmax, beside or instead of negative samples.
    negative : int
        Negative samples per pair; 0 for none.
    ns_exponent : float
        Negatives are drawn in proportion to ``count ** ns_exponent``.
    cbow_mean : {0, 1}
        CBOW: predict from the mean of the window's vectors, or from their sum.
    hashfxn : callable
        Kept and not used, as in gensim 4.
    epochs : int
    null_word : {0, 1}
        Add the word ``"\\0"``.
    trim_rule : callable, optional
        See `build_vocab`; not kept.
    sorted_vocab : {0, 1}
        Order words by falling count, else by appearance.
    batch_words : int
        Kept and not used: there are no batches, and no sentence is too long.
    compute_loss : bool
        Let `get_latest_training_loss` tell; `history_` always does.
    callbacks : iterable of CallbackAny2Vec
    comment : optional
        Kept.
    max_final_vocab : int, optional
        Raise `min_count` until at most so many words stay.
    shrink_windows : bool
        Draw each window's reach from 1 to `window`; else it is always `window`.
    reiterate : bool
        Walk the sentences anew for every epoch, for a corpus that gives others each time.
    memory : int or str, optional
        Bytes of encoded text to hold in memory, such as ``"2GB"``; more goes to temporary files. By default a quarter
        of the machine's.

    Attributes
    ----------
    wv : KeyedVectors
    syn1neg, syn1 : float32 arrays, shape (V, d)
        The other side's vectors, with `negative`; those of the inner nodes, with `hs` (the last row is not used).
    history_ : list of EpochRecord
        One per epoch of all calls of `train`: mean loss per pair, pairs, words, seconds.
    running_training_loss : float
        The sum that `get_latest_training_loss` returns; callbacks may set it to 0.
    corpus_count, corpus_total_words : int
        Sentences and words of the corpus that the vocabulary was built from last.
    cum_table : uint32 array
        Of the distribution of negatives.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range, or the corpus is.
    RuntimeError
        If the corpus leaves no words.
    DivergedError
        If the learning rate was too high.
    Exception
        Whatever iterating over the corpus raises.

    Examples
    --------
    >>> model = Word2Vec([["a", "rose", "is"], ["is", "a", "rose"]], vector_size=4, min_count=1, workers=1)
    >>> len(model.wv), model.wv["rose"].shape
    (3, (4,))
    """

    _kind = "Word2Vec"

    @_naming_what_was_renamed
    def __init__(
        self,
        sentences: Iterable[Any] | None = None,
        corpus_file: PathLike | None = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: float = 5,
        max_vocab_size: int | None = None,
        sample: float | None = 1e-3,
        seed: int | None = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[[Any], int] = hash,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = MAX_WORDS_IN_BATCH,
        compute_loss: bool = False,
        callbacks: Iterable[CallbackAny2Vec] = (),
        comment: str | None = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        *,
        reiterate: bool = False,
        memory: int | str | None = None,
    ) -> None:
        self.vector_size = self.layer1_size = check_integer("vector_size", vector_size, 1)
        self.alpha, self.min_alpha = check_real("alpha", alpha), check_real("min_alpha", min_alpha)
        self.window = check_integer("window", int(window), 1)
        self.min_count = check_real("min_count", min_count) if isinstance(min_count, float) else min_count
        self.max_vocab_size, self.max_final_vocab = max_vocab_size, max_final_vocab
        self.sample = None if sample is None else check_real("sample", sample, 0)
        self.seed, self.workers = seed, workers
        resolved_workers(workers)
        parse_memory(memory)
        self.sg, self.hs, self.negative = int(sg), int(hs), int(negative or 0)
        self.ns_exponent, self.cbow_mean = ns_exponent, int(cbow_mean)
        self.hashfxn, self.epochs, self.null_word = hashfxn, epochs, int(null_word)
        self.sorted_vocab, self.batch_words = int(sorted_vocab), batch_words
        self.compute_loss, self.comment = bool(compute_loss), comment
        self.shrink_windows, self.reiterate, self.memory = bool(shrink_windows), bool(reiterate), memory
        self.corpus_count, self.corpus_total_words = 0, 0
        self.running_training_loss, self.min_alpha_yet_reached = 0.0, self.alpha
        self.train_count, self.total_train_time, self.epochs_done = 0, 0.0, 0
        self.cum_table = np.zeros(0, np.uint32)
        self.lifecycle_events: list[dict[str, Any]] | None = []
        self.wv = KeyedVectors(self.vector_size)
        self._make_anew()
        if sentences is not None or corpus_file is not None:
            self._learn(sentences, corpus_file, trim_rule, callbacks)
        elif trim_rule is not None:
            logger.warning("trim_rule is not kept: without a corpus here, give it to build_vocab")
        self.add_lifecycle_event("created", params=str(self))

    def _make_anew(self) -> None:
        """Set what no file keeps."""
        self.__dict__.setdefault("hashfxn", hash)
        self.random = np.random.RandomState(self.seed)  # nothing here draws from it: for programs that do
        self.raw_vocab = {}
        self.history_: list[EpochRecord] = []
        self.load = _call_on_class_only  # type: ignore[assignment]
        self._keep_ids, self._collected = False, None
        self._job: list[Any] = []

    def _learn(
        self,
        sentences: Iterable[Any] | None,
        corpus_file: PathLike | None,
        trim_rule: TrimRule | None,
        callbacks: Iterable[CallbackAny2Vec],
    ) -> None:
        """Build the vocabulary and train, walking the sentences once for both."""
        check_corpus(sentences, corpus_file, check_integer("epochs", self.epochs, 0) + 1)
        self._keep_ids = not self.reiterate
        try:
            self.build_vocab(corpus_iterable=sentences, corpus_file=corpus_file, trim_rule=trim_rule)
            self.train(
                corpus_iterable=sentences,
                corpus_file=corpus_file,
                total_examples=self.corpus_count,
                total_words=self.corpus_total_words,
                epochs=self.epochs,
                start_alpha=self.alpha,
                end_alpha=self.min_alpha,
                compute_loss=self.compute_loss,
                callbacks=callbacks,
            )
        finally:
            self._keep_ids, self._collected = False, None

    def __str__(self) -> str:
        return f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.vector_size}, alpha={self.alpha}>"

    def __getattr__(self, name: str) -> Any:
        hint = f": it is on the vectors, model.wv.{name}" if name in _MOVED else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __getitem__(self, key: Any) -> Any:
        raise TypeError(f"{type(self).__name__!r} object is not subscriptable: use model.wv[...]")

    # Training

    def train(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: PathLike | None = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        word_count: int = 0,
        queue_factor: int = 2,
        report_delay: float = 1.0,
        compute_loss: bool = False,
        callbacks: Iterable[CallbackAny2Vec] = (),
        **kwargs: Any,
    ) -> tuple[int, int]:
        """Train on a corpus, from the vectors as they are.

        Parameters
        ----------
        corpus_iterable, corpus_file
            As for the class.
        total_examples, total_words : int
            How many sentences or words the corpus has; one must be given, and is compared with what comes. The
            learning rate goes by what the corpus really holds.
        epochs : int
            Must be given, `model.epochs` for instance.
        start_alpha, end_alpha : float, optional
            Instead of `alpha` and `min_alpha`, and kept as these.
        word_count, queue_factor
            Not used.
        report_delay : float
            Seconds between two lines of the log, at level INFO.
        compute_loss : bool
        callbacks : iterable of CallbackAny2Vec
            What they raise ends training and reaches the caller.

        Returns
        -------
        (int, int)
            Words trained, and words read, in all epochs: the first without unknown words and those thinned out.

        Raises
        ------
        RuntimeError
            If there is no vocabulary, or matrices do not fit it.
        ValueError
            If `epochs` or the totals are missing, or there is nothing to train by (neither `hs` nor `negative`).
        TypeError
            If the corpus is none, or a generator for more than one epoch.
        DivergedError, Exception
            As for the class.
        """
        if kwargs:
            raise TypeError(f"train() got unexpected keyword arguments: {', '.join(map(repr, kwargs))}")
        self.alpha = self.alpha if start_alpha is None else check_real("start_alpha", start_alpha)
        self.min_alpha = self.min_alpha if end_alpha is None else check_real("end_alpha", end_alpha)
        self._check_training_sanity(epochs, total_examples, total_words)
        assert epochs is not None
        self.epochs = check_integer("epochs", epochs, 1)
        check_corpus(corpus_iterable, corpus_file, self.epochs)
        workers = resolved_workers(self.workers)
        self.compute_loss, self.running_training_loss = bool(compute_loss), 0.0
        told = list(callbacks)
        self.add_lifecycle_event(
            "train",
            msg=f"training with {workers} workers on {len(self.wv)} words and {self.layer1_size} features, using "
            f"sg={self.sg} hs={self.hs} sample={self.sample} negative={self.negative} window={self.window} "
            f"shrink_windows={self.shrink_windows}",
        )
        start = time.perf_counter()
        for callback in told:
            callback.on_train_begin(self)
        passes = self._passes(corpus_iterable, corpus_file, workers)
        trained, read = self._train_epochs(passes, workers, report_delay, told, (total_examples, total_words))
        self.train_count += 1
        self.total_train_time += time.perf_counter() - start
        for callback in told:
            callback.on_train_end(self)
        self.add_lifecycle_event("train", msg=f"trained {trained} of {read} words in all epochs")
        return trained, read

    def _train_epochs(
        self,
        passes: Iterator[Sentences],
        workers: int,
        report_delay: float,
        callbacks: list[CallbackAny2Vec],
        expected: tuple[int | None, int | None],
    ) -> tuple[int, int]:
        """Return the numbers of words (trained, read)."""
        trained = read = 0
        sentences = next(passes)
        if self.hs and not self.negative and len(self.wv) < 2:
            logger.warning("hierarchical softmax of one word has nothing to learn")
            return 0, sentences.n_words * self.epochs
        run = Run(self, workers, self.epochs, report_delay)
        if not callbacks:
            run.lend()
        returned = False
        try:
            for number in range(self.epochs):
                for callback in callbacks:
                    callback.on_epoch_begin(self)
                if callbacks:
                    run.take_in()
                returned = False
                sentences = next(passes) if number else sentences
                self._compare(number, sentences, *expected)
                trained += run.epoch(sentences, number).words
                read += sentences.n_words
                if callbacks:
                    run.give_back(last=False)
                    returned = True
                for callback in callbacks:
                    callback.on_epoch_end(self)
        finally:
            if not returned:
                run.give_back(last=True)
        return trained, read

    def _passes(self, corpus: Iterable[Any] | None, corpus_file: PathLike | None, workers: int) -> Iterator[Sentences]:
        """Yield the corpus of each epoch, encoded: the same one, unless `reiterate`."""
        memory = parse_memory(self.memory)
        collected, self._collected = self._collected, None
        if corpus is not None and type(self)._do_train_job is not Word2Vec._do_train_job:
            corpus, collected = _Jobs(self, corpus), None
        if corpus_file is not None:
            once = encode_file(corpus_file, self.wv.index_to_key, workers, memory)
        elif collected is not None and collected[0] is corpus:
            once = collected[1].encode(self.wv.key_to_index, workers)
        else:
            assert corpus is not None
            once = encode(corpus, self.wv.key_to_index, workers, memory)
        del collected
        while True:
            yield once
            if self.reiterate and corpus is not None:
                once = encode(corpus, self.wv.key_to_index, workers, memory)

    def _do_train_job(self, sentences: list[Any], alpha: float, inits: Any) -> tuple[int, int]:
        """Train on some sentences, in gensim: subclasses override it to change them. Here it receives them."""
        self._job = sentences
        return 0, sum(len(sentence) for sentence in sentences)

    def _compare(self, number: int, found: Sentences, total_examples: int | None, total_words: int | None) -> None:
        """Warn if an epoch holds other numbers of sentences or words than announced, or nothing."""
        if not found.n_words:
            logger.warning(
                "EPOCH %d: the corpus gave no words: was it an iterator that is used up, rather than an iterable that "
                "begins anew?",
                number,
            )
        elif total_examples and total_examples != found.n_sentences:
            logger.warning("EPOCH %d: %d sentences came, %d were expected", number, found.n_sentences, total_examples)
        elif total_words and not total_examples and total_words != found.n_words:
            logger.warning("EPOCH %d: %d words came, %d were expected", number, found.n_words, total_words)
        elif not len(found.ids):
            logger.warning("EPOCH %d: none of the %d words is in the vocabulary", number, found.n_words)

    def _note_epoch(self, record: EpochRecord, loss: float) -> None:
        """Take over what an epoch came to."""
        self.history_.append(record)
        self.epochs_done += 1
        self.min_alpha_yet_reached = record.alpha
        if self.compute_loss:
            self.running_training_loss += loss
        logger.info(
            "EPOCH %d: trained %d words (%.0f/s), mean loss per pair %.5f",
            *(record.epoch, record.words, record.words / max(record.seconds, 1e-9), record.loss),
        )

    def _check_training_sanity(
        self, epochs: Any = 0, total_examples: int | None = None, total_words: int | None = None, **kwargs: Any
    ) -> None:
        if not self.hs and not self.negative:
            raise ValueError("hs and negative must not both be 0: there would be nothing to learn from")
        if self.hs and self.negative:
            logger.warning(
                "Both hierarchical softmax and negative sampling are activated. This is allowed, and rarely meant: "
                "hs=0 or negative=0 turns one off."
            )
        if self.alpha > self.min_alpha_yet_reached:
            logger.warning("Effective 'alpha' higher than previous training cycles")
        if not self.wv.key_to_index:
            raise RuntimeError(
                "you must first build vocabulary before training the model: it has no words (call build_vocab, or "
                "lower min_count if that was done)"
            )
        if not len(self.wv.vectors):
            raise RuntimeError("the vectors are missing: call prepare_weights before training the model")
        if total_words is None and total_examples is None:
            raise ValueError(
                "total_examples or total_words must be given, total_examples=model.corpus_count for instance"
            )
        if epochs is None or epochs <= 0:
            raise ValueError(f"epochs must be given and at least 1, epochs=model.epochs for instance, got {epochs!r}")
        self._check_matrices()

    def _check_matrices(self) -> None:
        """Raise RuntimeError unless matrices and counts fit the vocabulary."""
        shape = len(self.wv), self.wv.vectors.shape[1]
        names = [(self.wv, "vectors")]
        names += [(self, "syn1neg")] if self.negative else []  # type: ignore[list-item]
        names += [(self, "syn1")] if self.hs else []  # type: ignore[list-item]
        for owner, name in names:
            matrix = owner.__dict__.get(name)
            if matrix is None or matrix.shape != shape:
                found = "it is missing" if matrix is None else f"got {matrix.shape}"
                raise RuntimeError(f"{name} must have shape {shape} to be trained, {found}")
        for name in ("count", *(("code", "point") if self.hs else ())):
            if len(self.wv.expandos.get(name, ())) != len(self.wv):
                raise RuntimeError(f"training needs the attribute {name!r} of every word in wv: build_vocab makes it")

    def _engine_seed(self) -> int:
        if self.seed is None:
            return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        return int(self.seed) % 2**64

    def get_latest_training_loss(self) -> float:
        """Return the loss summed over all pairs since `train` began; 0 without `compute_loss`. See `history_`."""
        return self.running_training_loss

    # Asking

    def score(
        self,
        sentences: Iterable[Any],
        total_sentences: int = 1_000_000,
        chunksize: int = 100,
        queue_factor: int = 2,
        report_delay: float = 1,
    ) -> NDArray[np.float32]:
        """Return the log-probability of each sentence, float32 (n,).

        Parameters
        ----------
        sentences : iterable of lists of words
        total_sentences : int
            The most to look at.
        chunksize, queue_factor, report_delay
            Not used.

        Raises
        ------
        RuntimeError
            Without hierarchical softmax, or without a vocabulary.
        """
        if not self.wv.key_to_index:
            raise RuntimeError("score needs a vocabulary: you must first build vocabulary and train the model")
        if not self.hs:
            raise RuntimeError("score needs hierarchical softmax: hs=1, negative=0")
        return prediction.score(self, sentences, total_sentences)

    def predict_output_word(
        self, context_words_list: Iterable[Any], topn: int = 10
    ) -> list[tuple[Any, np.float32]] | None:
        """Return the words that are most probable amid a context, with their probabilities.

        Parameters
        ----------
        context_words_list : list
            Words, or their places as int; unknown ones are left out.
        topn : int

        Returns
        -------
        list of (word, float32), or None if all are unknown

        Raises
        ------
        RuntimeError
            Without negative sampling, or if the model has no weights for it.
        """
        if not self.negative:
            raise RuntimeError("predict_output_word needs negative sampling: negative > 0")
        if not len(self.wv.vectors) or "syn1neg" not in self.__dict__:
            raise RuntimeError("predict_output_word needs the weights of training, syn1neg: this model has none")
        return prediction.predict_output_word(self, context_words_list, topn)

    # What gensim 4 keeps for old programs

    def init_sims(self, replace: bool = False) -> None:
        """Do nothing, or with `replace` scale all vectors to length one. Deprecated, see `wv.unit_normalize_all`."""
        warnings.warn("init_sims is deprecated: see wv.unit_normalize_all", DeprecationWarning, stacklevel=2)
        if replace:
            self.wv.unit_normalize_all()

    def seeded_vector(self, seed_string: str, vector_size: int) -> NDArray[np.float32]:
        """Return a random vector of a text. Deprecated."""
        return pseudorandom_weak_vector(vector_size, seed_string=seed_string, hashfxn=self.hashfxn)

    # Files

    def _state(self) -> dict[str, Any]:
        state = {name: value for name, value in super()._state().items() if name not in _RUNTIME}
        return state | {"history_": [vars(record) for record in self.history_]}

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        self._make_anew()
        self.history_ = [EpochRecord(**record) for record in state.get("history_", [])]

    @classmethod
    def _from_gensim(cls, found: Any) -> Word2Vec:
        """Return what gensim saved, of any version since 0.12, as this class."""
        state = dict(found.__dict__)
        for part in ("vocabulary", "trainables"):  # gensim 3
            state = getattr(state.pop(part, None), "__dict__", {}) | state
        keyed = keyed_state(state.pop("wv", None) or found)
        made = cls.__new__(cls)
        Word2Vec.__init__(made, vector_size=keyed["vector_size"], seed=state.get("seed", 1))
        for old, new in _RENAMED_ATTRIBUTES.items():
            if old in state:
                state.setdefault(new, state.pop(old))
        locks = state.pop("vectors_lockf", None)
        made.__dict__.update({name: value for name, value in state.items() if _is_kept(name, value)})
        made.corpus_total_words = state.get("corpus_total_words")
        made.wv.__dict__.update({name: keyed[name] for name in _KEYED if name in keyed})
        made.wv.vectors_lockf = np.ones(1, np.float32) if locks is None else np.asarray(locks)
        made.wv.expandos.pop("index", None)
        if made.hs and "code" not in made.wv.expandos:
            made.create_binary_tree()
        if made.negative:
            made.make_cum_table()
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_collected"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _collected=None)


class _Jobs:
    """Sentences as a subclass's `_do_train_job` hands them on: in batches of about `batch_words` words."""

    def __init__(self, model: Word2Vec, corpus: Iterable[Any]) -> None:
        self._model, self._corpus = model, corpus

    def __iter__(self) -> Iterator[Any]:
        batch: list[Any] = []
        n_words = 0
        for sentence in self._corpus:
            batch.append(sentence)
            n_words += len(sentence)
            if n_words >= self._model.batch_words:
                yield from self._through(batch)
                batch, n_words = [], 0
        yield from self._through(batch)

    def _through(self, batch: list[Any]) -> list[Any]:
        self._model._job = []
        if batch:
            self._model._do_train_job(batch, self._model.alpha, (None, None))
        job, self._model._job = self._model._job, []
        return job


def _is_kept(name: str, value: Any) -> bool:
    """Tell whether an attribute of a gensim model becomes one of ours: what both have, and plain values of others."""
    return name not in _NOT_TAKEN and (value is None or isinstance(value, bool | int | float | str | list | np.ndarray))
