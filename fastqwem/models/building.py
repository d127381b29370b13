"""The part of Word2Vec that makes a vocabulary, and the matrices for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import parse_memory
from ..text.collect import Collected, collect, collect_file
from .inputs import TEXT_WARNING, PathLike, check_corpus
from .keyedvectors import KeyedVectors
from .saving import Saveable
from .vocabulary import Downsampling, TrimRule, count_with_pruning, cumulative_table, final_min_count, kept, paths

__all__ = ["Building"]

logger = logging.getLogger("fastqwem.models.word2vec")

_WORD_BYTES, _TREE_BYTES = 500, 200  # gensim's estimates of a word in the vocabulary, and of its path in the tree


class Building(Saveable):
    """Vocabulary and weights of a `Word2Vec`; see there for the attributes."""

    wv: KeyedVectors
    raw_vocab: dict[Any, int]
    vector_size: int
    layer1_size: int
    seed: int | None
    hs: int
    negative: int
    ns_exponent: float
    sample: float | None
    min_count: float
    max_vocab_size: int | None
    max_final_vocab: int | None
    sorted_vocab: int
    null_word: int
    memory: int | str | None
    corpus_count: int
    corpus_total_words: int | None
    effective_min_count: float
    cum_table: NDArray[np.uint32]
    syn1: NDArray[np.float32]
    syn1neg: NDArray[np.float32]
    _keep_ids: bool
    _collected: tuple[Any, Collected] | None

    # Counting

    def build_vocab(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: PathLike | None = None,
        update: bool = False,
        progress_per: int = 10000,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        **kwargs: Any,
    ) -> None:
        """Make the vocabulary from a corpus, walked once, so that a generator will do.

        Parameters
        ----------
        corpus_iterable : iterable of lists of hashable
        corpus_file : path
            Instead of it a text with one sentence per line, archives too; read without the interpreter.
        update : bool
            Add the words of a further corpus to a vocabulary, and their counts to its counts. Subsampling and
            negatives go by the counts of all corpora together; `corpus_count` and `corpus_total_words` become those of
            this one, as `train` wants them.
        progress_per : int
            Sentences between two lines of the log.
        keep_raw_vocab : bool
            Keep the counts of all words, those left out included, in `raw_vocab`.
        trim_rule : callable, optional
            ``(word, count, min_count)`` to `RULE_KEEP`, `RULE_DISCARD` or `RULE_DEFAULT`.
        **kwargs
            Handed to `prepare_vocab`: `min_count`, `sample`.

        Raises
        ------
        TypeError
            If there is no corpus or two, or a sentence is no list of hashable words; the message names the place.
        RuntimeError
            If there is nothing to update.
        Exception
            Whatever the iterable raises.
        """
        check_corpus(corpus_iterable, corpus_file, 1)
        if update and not len(self.wv):
            raise RuntimeError(
                "build_vocab(update=True) adds to a vocabulary, and this model has none: build one first"
            )
        self.corpus_total_words, self.corpus_count = self.scan_vocab(
            corpus_iterable, corpus_file, progress_per, trim_rule=trim_rule
        )
        self._finish_vocab(update, keep_raw_vocab, trim_rule, **kwargs)
        self.add_lifecycle_event("build_vocab", update=update, trim_rule=str(trim_rule))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Any, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Make the vocabulary from a table of counts.

        Parameters
        ----------
        word_freq : mapping of word to int
        corpus_count : int, optional
            How many sentences the counts come from; noted for `train`.
        keep_raw_vocab, trim_rule, update
            As for `build_vocab`.
        """
        if update and not len(self.wv):
            raise RuntimeError("update=True adds to a vocabulary, and this model has none: build one first")
        self.raw_vocab = {word: int(count) for word, count in word_freq.items()}
        self.corpus_count = corpus_count or 0
        self.corpus_total_words = sum(self.raw_vocab.values())
        self._finish_vocab(update, keep_raw_vocab, trim_rule)
        self.add_lifecycle_event("build_vocab_from_freq", update=update, trim_rule=str(trim_rule))

    def _finish_vocab(self, update: bool, keep_raw_vocab: bool, rule: TrimRule | None, **kwargs: Any) -> None:
        report = self.prepare_vocab(update, keep_raw_vocab, rule, **kwargs)
        report["memory"] = self.estimate_memory(report["num_retained_words"])
        self.prepare_weights(update)

    def scan_vocab(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: PathLike | None = None,
        progress_per: int = 10000,
        workers: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> tuple[int, int]:
        """Count words into `raw_vocab`; return the numbers of (words, sentences). `workers` is not used."""
        self._collected = None
        if corpus_file is not None:
            found = collect_file(corpus_file, self._budget())
        else:
            assert corpus_iterable is not None
            if self.max_vocab_size:
                return self._scan_with_pruning(corpus_iterable, trim_rule)
            found = collect(corpus_iterable, self._keep_ids, self._budget(), _progress(progress_per))
            if found.has_ids:
                self._collected = corpus_iterable, found
        if found.first_text >= 0:
            logger.warning(TEXT_WARNING, found.first_text)
        self.raw_vocab = dict(zip(found.words, found.counts.tolist(), strict=True))
        return self._scanned(found.n_words, found.n_sentences)

    def _scan_with_pruning(self, sentences: Iterable[Any], rule: TrimRule | None) -> tuple[int, int]:
        assert self.max_vocab_size
        self.raw_vocab, n_words, n_sentences, text = count_with_pruning(sentences, self.max_vocab_size, rule)
        if text:
            logger.warning(TEXT_WARNING, 0)
        return self._scanned(n_words, n_sentences)

    def _scanned(self, n_words: int, n_sentences: int) -> tuple[int, int]:
        self.corpus_count = n_sentences
        logger.info("counted %d words, %d different ones, in %d sentences", n_words, len(self.raw_vocab), n_sentences)
        return n_words, n_sentences

    def _budget(self) -> int | None:
        return parse_memory(self.memory)

    # Choosing

    def prepare_vocab(
        self,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: float | None = None,
        sample: float | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Choose the words of `raw_vocab` that stay, and note what training needs of each.

        Parameters
        ----------
        update, keep_raw_vocab, trim_rule
            As for `build_vocab`.
        min_count, sample : optional
            Instead of the model's; kept, unless `dry_run`.
        dry_run : bool
            Only report.

        Returns
        -------
        dict
            ``drop_unique`` and ``num_retained_words``: how many words go and stay; ``retain_total``: occurrences of
            those that stay; ``downsample_unique``, ``downsample_total``: how many of them are thinned out, and about
            how many occurrences are left of all.
        """
        min_count = self.min_count if min_count is None else min_count
        sample = self.sample if sample is None else sample
        words, counts = list(self.raw_vocab), np.fromiter(self.raw_vocab.values(), np.int64, len(self.raw_vocab))
        bar = final_min_count(counts, min_count, self.max_final_vocab)
        keep = kept(words, counts, bar, trim_rule)
        if not dry_run:
            self.effective_min_count, self.min_count, self.sample = bar, min_count, sample
            chosen = np.flatnonzero(keep).tolist()
            self._adopt([words[at] for at in chosen], counts[chosen], update)
            if not keep_raw_vocab:
                self.raw_vocab = {}
        return self._report(counts, keep, bar, sample)

    def _report(self, counts: NDArray[np.int64], keep: NDArray[np.bool_], bar: float, sample: Any) -> dict[str, Any]:
        left = counts[keep]
        total = int(left.sum())
        chances = Downsampling.of(sample, total).chances(left)
        report = {
            "drop_unique": int(len(counts) - len(left)),
            "retain_total": total,
            "downsample_unique": int((chances < 1).sum()),
            "downsample_total": int((chances * left).sum()),
            "num_retained_words": len(left),
        }
        logger.info(
            "min_count=%g keeps %d of %d words and %d of %d occurrences; subsampling leaves about %d",
            *(bar, len(left), len(counts), total, int(counts.sum()), report["downsample_total"]),
        )
        return report

    def _adopt(self, words: list[Any], counts: NDArray[np.int64], update: bool) -> None:
        """Put words and counts into `wv`, new ones behind those it has."""
        wv = self.wv
        if not update:
            wv.index_to_key, wv.key_to_index, wv.expandos, wv.next_index = [], {}, {}, 0
            wv.vectors = np.zeros((0, wv.vector_size), np.float32)  # or sorting would move old vectors
        fresh = [word for word in words if word not in wv.key_to_index]
        wv.key_to_index.update(zip(fresh, range(len(wv), len(wv) + len(fresh)), strict=True))
        wv.index_to_key.extend(fresh)
        total = np.zeros(len(wv), np.int64)  # a new array: that of a mapped file cannot be written to
        before = wv.expandos.get("count", total[:0])
        total[: len(before)] = before
        total[np.fromiter((wv.key_to_index[word] for word in words), np.int64, len(words))] += counts
        wv.expandos["count"] = total
        if self.sorted_vocab and not update:
            wv.sort_by_descending_frequency()
        if self.null_word:
            self.add_null_word()
        self._note_sampling()
        if self.hs:
            self.create_binary_tree()
        if self.negative:
            self.make_cum_table()

    def _downsampling(self, total: int) -> Downsampling:
        return Downsampling.of(self.sample, total)

    def _note_sampling(self) -> None:
        counts = self.wv.expandos["count"]
        chances = self._downsampling(int(counts.sum())).chances(counts)
        self.wv.expandos["sample_int"] = np.asarray(chances * np.float64(2**32 - 1)).astype(np.uint32)

    def add_null_word(self) -> None:
        """Add the word ``"\\0"`` with the count 1, unless it is there."""
        wv = self.wv
        if "\0" not in wv.key_to_index:
            wv.key_to_index["\0"] = len(wv)
            wv.index_to_key.append("\0")
            wv.allocate_vecattrs()
            wv.expandos["count"][-1] = 1

    def create_binary_tree(self) -> None:
        """Note for each word its path in the Huffman tree of the counts, as the attributes ``code`` and ``point``."""
        self.wv.expandos["code"], self.wv.expandos["point"] = paths(self.wv.expandos["count"])

    def make_cum_table(self, domain: int = 2**31 - 1) -> None:
        """Make `cum_table`, the distribution of negatives, for those who look at it; training has its own."""
        self.cum_table = cumulative_table(self.wv.expandos["count"], self.ns_exponent, domain)

    def estimate_memory(self, vocab_size: int | None = None, report: dict[str, int] | None = None) -> dict[str, int]:
        """Return about how many bytes a model of so many words takes, by part and in total."""
        n_words = vocab_size or len(self.wv)
        report = {} if report is None else report
        report["vocab"] = n_words * (_WORD_BYTES + (_TREE_BYTES if self.hs else 0))
        report["vectors"] = n_words * self.vector_size * 4
        if self.hs:
            report["syn1"] = n_words * self.layer1_size * 4
        if self.negative:
            report["syn1neg"] = n_words * self.layer1_size * 4
        report["total"] = sum(value for name, value in report.items() if name != "total")
        return report

    # Weights

    def prepare_weights(self, update: bool = False) -> None:
        """Make the matrices for the vocabulary, or with `update` add rows to them."""
        if update:
            self.update_weights()
        else:
            self.init_weights()

    def init_weights(self) -> None:
        """Begin anew: vectors uniform in [-1/d, 1/d) by `seed`, the other matrices zero."""
        wv = self.wv
        wv.vectors = np.zeros((0, wv.vector_size), np.float32)
        wv.resize_vectors(seed=self.seed)  # type: ignore[arg-type]
        wv.vectors_lockf = np.ones(1, np.float32)
        shape = len(wv), self.layer1_size
        if self.hs:
            self.syn1 = np.zeros(shape, np.float32)
        if self.negative:
            self.syn1neg = np.zeros(shape, np.float32)

    def update_weights(self) -> None:
        """Give words that are new a row each, and leave the others as they are; locks are lifted."""
        wv = self.wv
        if not len(wv.vectors):
            raise RuntimeError("there are no vectors to update: build a vocabulary first")
        wv.resize_vectors(seed=self.seed)  # type: ignore[arg-type]
        wv.vectors_lockf = np.ones(1, np.float32)
        if self.hs:
            self.syn1 = _with_rows(self.syn1, len(wv))
        if self.negative:
            self.syn1neg = _with_rows(self.syn1neg, len(wv))

    def reset_from(self, other_model: Building) -> None:
        """Take over the vocabulary of another model, and begin with fresh weights."""
        other = other_model.wv
        wv = KeyedVectors(self.vector_size)
        wv.index_to_key, wv.key_to_index = list(other.index_to_key), dict(other.key_to_index)
        wv.expandos = {name: values.copy() for name, values in other.expandos.items()}
        self.wv, self.corpus_count = wv, other_model.corpus_count
        self.corpus_total_words = other_model.corpus_total_words
        self._note_sampling()
        if self.hs:
            self.create_binary_tree()
        if self.negative:
            self.make_cum_table()
        self.init_weights()


def _with_rows(matrix: NDArray[np.float32], n_rows: int) -> NDArray[np.float32]:
    """Return a matrix with rows of zeros added."""
    return np.vstack([matrix, np.zeros((n_rows - len(matrix), matrix.shape[1]), np.float32)])


def _progress(every: int) -> Any:
    """Return what logs the progress of counting."""
    if not logger.isEnabledFor(logging.INFO):
        return None
    last = 0

    def report(n_sentences: int, n_words: int) -> None:
        nonlocal last
        if n_sentences - last >= every:
            last = n_sentences
            logger.info("PROGRESS: at sentence #%d, counted %d words", n_sentences, n_words)

    return report
