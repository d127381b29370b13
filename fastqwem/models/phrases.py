"""Phrases as gensim finds them: neighbours that occur together more often than their counts let expect.

Counting is compiled and streams (`fastqwem.counts.phrase_counts`); a `fastqwem.Corpus` is counted without touching
strings at all, in memory or mapped from disk. Scores are gensim's to the last bit, and so are the phrases found.
"""

from __future__ import annotations

import inspect
import itertools
import logging
import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sized
from numbers import Real
from types import FunctionType
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..checks import check_integer, check_real
from ..counts.phrase_counts import PhraseCounts
from ..errors import FormatError
from ..text.corpus import Corpus
from .saving import Saveable

__all__ = ["ENGLISH_CONNECTOR_WORDS", "FrozenPhrases", "Phraser", "Phrases", "npmi_scorer", "original_scorer"]

logger = logging.getLogger(__name__)

ENGLISH_CONNECTOR_WORDS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without"]
)
"""Words that may stand inside an English phrase but neither start nor end one."""

NEGATIVE_INFINITY = float("-inf")

Sentence = Iterable[str]
Scorer = Callable[..., float]
"""Called with the keywords worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count."""

_PARAMETERS = ("worda_count", "wordb_count", "bigram_count", "len_vocab", "min_count", "corpus_word_count")
_SLACK = 1e-9  # far above the rounding of a score in float64, relative


def original_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Return ``(bigram_count - min_count) * len_vocab / (worda_count * wordb_count)``, -inf if a word has no count.

    Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", 2013, equation 6.
    """
    together = worda_count * wordb_count
    if not together:
        return NEGATIVE_INFINITY
    return (bigram_count - min_count) / float(together) * len_vocab


def npmi_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Return the normalised pointwise mutual information, in [-1, 1]; -inf for a pair rarer than `min_count`.

    ``log(p(a, b) / (p(a) p(b))) / -log p(a, b)`` with probabilities relative to `corpus_word_count`; Bouma,
    "Normalized (Pointwise) Mutual Information in Collocation Extraction", 2009.
    """
    if bigram_count < min_count or not bigram_count:
        return NEGATIVE_INFINITY
    first, last = worda_count / corpus_word_count, wordb_count / corpus_word_count
    together = bigram_count / corpus_word_count
    return math.log(together / (first * last)) / -math.log(together)


_SCORERS: dict[str, Scorer] = {"default": original_scorer, "npmi": npmi_scorer}


def _takes_counts(scorer: object) -> bool:
    """Tell whether something can be called with the six counts by name."""
    try:
        return callable(scorer) and set(_PARAMETERS) <= set(inspect.signature(scorer).parameters)
    except ValueError:  # compiled and without a signature
        return False


def _check_scoring(scoring: object, threshold: float) -> Scorer:
    if isinstance(scoring, str):
        if scoring not in _SCORERS:
            raise ValueError(f"scoring must be 'default', 'npmi' or a function, got {scoring!r}")
        if scoring == "default" and threshold <= 0:
            raise ValueError(f"threshold must be positive for default scoring, got {threshold}")
        if scoring == "npmi" and not -1 <= threshold <= 1:
            raise ValueError(f"threshold must be between -1 and 1 for npmi scoring, got {threshold}")
        return _SCORERS[scoring]
    if not callable(scoring):
        raise TypeError(f"scoring must be 'default', 'npmi' or a function, got {scoring!r}")
    if not _takes_counts(scoring):
        raise ValueError(f"scoring must be a function with the parameters {', '.join(_PARAMETERS)}, got {scoring!r}")
    return scoring


def _check_connectors(words: object) -> frozenset[str]:
    if isinstance(words, str | bytes) or not isinstance(words, Iterable):
        raise TypeError(f"connector_words must be a set or list of words, got {words!r}")
    return frozenset(words)


def _scoring_to_name(scorer: Any) -> str:
    """Return how a file names a scorer: "default", "npmi" or "module:function"."""
    for name, known in _SCORERS.items():
        if scorer is known:
            return name
    module, name = getattr(scorer, "__module__", ""), getattr(scorer, "__qualname__", "<")
    if "<" in name:
        raise TypeError(f"scoring cannot be saved: {scorer!r} is no function of a module")
    return f"{module}:{name}"


def _scoring_from_name(name: str) -> Scorer:
    """Inverse of `_scoring_to_name`. It imports nothing: a file must not be able to run code."""
    if name in _SCORERS:
        return _SCORERS[name]
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, FunctionType) or not _takes_counts(found):
        raise FormatError(f"scoring is the function {path} of {module}, which is not there: import {module} first")
    return found


def _first(sentences: Iterable[Any]) -> tuple[Any, Iterable[Any]]:
    """Return the first item, None if there is none, and the same items as an iterable."""
    walk = iter(sentences)
    head = list(itertools.islice(walk, 1))
    again = itertools.chain(head, walk) if walk is sentences else sentences
    return (head[0] if head else None), again


class PhrasedSentences:
    """Sentences with their phrases joined, made anew on every walk; what ``phrases[sentences]`` returns."""

    def __init__(self, model: _PhrasesTransformation, sentences: Iterable[Sentence]) -> None:
        self.model, self.sentences = model, sentences

    def __iter__(self) -> Iterator[list[str]]:
        return self.model._join_all(self.sentences)

    def __len__(self) -> int:
        return len(cast(Sized, self.sentences))


class _PhrasesTransformation:
    """Finds phrases in sentences; a subclass scores the candidates."""

    def __init__(self, connector_words: Collection[str]) -> None:
        self.connector_words = _check_connectors(connector_words)

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> tuple[str | None, float | None]:
        """Return (joined text, score) if `word_a`, connectors `in_between` and `word_b` are a phrase, else Nones."""
        raise NotImplementedError

    def analyze_sentence(self, sentence: Sentence) -> Iterator[tuple[str, float | None]]:
        """Yield the words and phrases of a sentence, from left to right, phrases with their score, words with None.

        Phrases do not overlap: the leftmost wins.
        """
        start: str | None = None
        between: list[str] = []
        for word in sentence:
            if word in self.connector_words:
                if start is None:
                    yield word, None
                else:
                    between.append(word)
                continue
            if start is not None:
                phrase, score = self.score_candidate(start, word, between)
                if phrase is not None:
                    yield phrase, score
                    start, between = None, []
                    continue
                yield start, None
                yield from ((connector, None) for connector in between)
            start, between = word, []
        if start is not None:
            yield start, None
            yield from ((connector, None) for connector in between)

    def __getitem__(self, sentence: Sentence | Iterable[Sentence]) -> list[str] | PhrasedSentences:
        """Join the phrases of a sentence (a list of words), or of sentences, lazily.

        Returns
        -------
        list of str, or PhrasedSentences
            The second for sentences: a stream that can be walked as often as they can.

        Raises
        ------
        TypeError
            If it is one str instead of a list of words.
        """
        if isinstance(sentence, str | bytes):
            raise TypeError(f"a sentence must be a list of words, got {sentence!r:.60} (split it into words)")
        head, again = _first(sentence)
        if head is None or isinstance(head, str):
            return self._join(cast(Sentence, again))
        if not isinstance(head, Iterable):
            raise TypeError(f"words must be str, got {head!r:.60}")
        return PhrasedSentences(self, cast("Iterable[Sentence]", again))

    def find_phrases(self, sentences: Iterable[Sentence]) -> dict[str, float]:
        """Return the phrases that occur in sentences, with their scores."""
        found: dict[str, float] = {}
        for i, sentence in enumerate(sentences):
            if isinstance(sentence, str):
                raise TypeError(f"sentences[{i}] must be a list of words, got the str {sentence!r:.60}")
            found.update((text, score) for text, score in self.analyze_sentence(sentence) if score is not None)
        return found

    def _join(self, sentence: Sentence) -> list[str]:
        return [text for text, _ in self.analyze_sentence(sentence)]

    def _join_all(self, sentences: Iterable[Sentence]) -> Iterator[list[str]]:
        return map(self._join, sentences)


def _splits(texts: Iterable[str], delimiter: str) -> set[tuple[str, str]]:
    """Return all pairs of texts that a delimiter joins to one of these."""
    pairs = set()
    for text in texts:
        at = text.find(delimiter)
        while at >= 0:
            pairs.add((text[:at], text[at + len(delimiter) :]))
            at = text.find(delimiter, at + 1)
    return pairs


def _join_known(
    model: Phrases | FrozenPhrases, phrases: Mapping[str, float | None], sentences: Iterable[Sentence]
) -> Iterator[list[str]]:
    """Do what `analyze_sentence` does, for whole corpora: few neighbours can be a phrase, and the rest is copied.

    `phrases` holds every text that may be one, with None where the model must be asked.
    """
    connectors, join = model.connector_words, model.delimiter.join
    pairs = _splits(phrases, model.delimiter)
    starts = {start for start, _ in pairs} - connectors
    pairs = {(start, end) for start, end in pairs if start in starts}
    for sentence in sentences:
        words = sentence if type(sentence) is list else list(sentence)
        joined: list[str] = []
        done = 0
        neighbours = enumerate(itertools.pairwise(words))
        for start in [i for i, pair in neighbours if pair in pairs or (pair[1] in connectors and pair[0] in starts)]:
            end = start + 1
            while end < len(words) and words[end] in connectors:
                end += 1
            if start < done or end == len(words):
                continue
            text = join(words[start : end + 1])
            if text in phrases and (
                phrases[text] is not None
                or model.score_candidate(words[start], words[end], words[start + 1 : end]) != (None, None)
            ):
                joined += words[done:start]
                joined.append(text)
                done = end + 1
        joined += words[done:]
        yield joined


class Phrases(_PhrasesTransformation, Saveable):
    """Learns phrases of two words from sentences; apply it to its own output for longer ones.

    Parameters
    ----------
    sentences : iterable of lists of str, or Corpus, optional
        Read once, as a stream. Of a `Corpus` only the words in its vocabulary count: make it with ``min_count=1``
        for the counts that the text has.
    min_count : float
        Pairs must occur more often than this for the default scorer, at least as often for ``"npmi"``.
    threshold : float
        Scores above it make a phrase; the higher, the fewer.
    max_vocab_size : int
        Words and pairs to remember (about 45 bytes each, plus the different words). When a sentence ends with more,
        those that occur less than once, then less than twice, then less than three times ... are forgotten: counts
        are then too low, and phrases missing, but memory is bounded.
    delimiter : str
        Joins the words of a phrase.
    progress_per : int
        Report progress in the log about every so many sentences.
    scoring : {"default", "npmi"} or callable
        `original_scorer`, `npmi_scorer`, or a function of the same six parameters.
    connector_words : collection of str
        Words that may stand inside a phrase, are not counted themselves, and neither start nor end one; such as
        `ENGLISH_CONNECTOR_WORDS`.

    Attributes
    ----------
    min_count, threshold, max_vocab_size, delimiter, progress_per, scoring, connector_words
        As above; `scoring` is a function. `threshold`, `min_count` and `scoring` may be set later.
    corpus_word_count : int
        Words read, connector words included.

    Raises
    ------
    ValueError
        If an argument is out of range, or the scorer lacks a parameter.

    Notes
    -----
    As in gensim, a count belongs to a text: the word ``new_york`` counts for ``new`` before ``york``.

    Examples
    --------
    >>> phrases = Phrases([["new", "york", "is", "big"], ["new", "york"]], min_count=1, threshold=1)
    >>> phrases[["in", "new", "york"]]
    ['in', 'new_york']
    """

    _kind = "Phrases"

    def __init__(
        self,
        sentences: Corpus | Iterable[Sentence] | None = None,
        min_count: float = 5,
        threshold: float = 10.0,
        max_vocab_size: float = 40_000_000,
        delimiter: str = "_",
        progress_per: int = 10000,
        scoring: str | Scorer = "default",
        connector_words: Collection[str] = frozenset(),
    ) -> None:
        super().__init__(connector_words)
        check_real("min_count", min_count, 0, open_minimum=True)
        check_real("threshold", threshold)
        check_real("max_vocab_size", max_vocab_size, 1)
        if not isinstance(delimiter, str):
            raise TypeError(f"delimiter must be a str, got {delimiter!r}")
        self.scoring = _check_scoring(scoring, threshold)
        self.min_count, self.threshold, self.max_vocab_size = min_count, threshold, max_vocab_size
        self.delimiter, self.progress_per = delimiter, check_integer("progress_per", progress_per, 1)
        self._counts = PhraseCounts(delimiter, self.connector_words, int(max_vocab_size))
        self._vocab: dict[str, int] | None = None
        if sentences is not None:
            self.add_vocab(sentences)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self._counts)} vocab, min_count={self.min_count}, "
            f"threshold={self.threshold}, max_vocab_size={self.max_vocab_size}>"
        )

    @property
    def corpus_word_count(self) -> int:
        """Words read so far, connector words included."""
        return self._counts.n_words

    @property
    def min_reduce(self) -> int:
        """Below which count texts are forgotten when `max_vocab_size` is next exceeded."""
        return self._counts.min_reduce

    @property
    def vocab(self) -> dict[str, int]:
        """Words and joined pairs with their counts, a copy made when first asked for.

        It takes a few hundred bytes per entry; nothing else here needs it.
        """
        if self._vocab is None:
            self._vocab = self._counts.to_dict()
        return self._vocab

    def add_vocab(self, sentences: Corpus | Iterable[Sentence]) -> None:
        """Count more sentences; see `Phrases` for what they may be.

        Raises
        ------
        TypeError, CorpusError
            As `PhraseCounts.add`; then none of the sentences is counted.
        """
        reported = 0

        def report(n_sentences: int, n_words: int, n_texts: int) -> None:
            nonlocal reported
            if n_sentences >= reported + self.progress_per:
                reported = n_sentences
                logger.info(
                    "PROGRESS: at sentence #%i, processed %i words and %i word types", n_sentences, n_words, n_texts
                )

        self._vocab = None
        self._counts.add(sentences, report)
        logger.info(
            "collected %i token types (unigram + bigrams) from %i words", len(self._counts), self._counts.n_words
        )

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> tuple[str | None, float | None]:
        """Return (joined text, score) if the words are a phrase by the counts so far, else Nones."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        counts = self._counts
        together = counts[phrase]
        if not together:
            return None, None
        score = self._score(counts[word_a], counts[word_b], together)
        return (None, None) if score is None else (phrase, score)

    def _score(self, word_a: int, word_b: int, together: int) -> float | None:
        """Return the score of three counts if it makes a phrase."""
        if not word_a or not word_b:
            return None
        score = self.scoring(
            worda_count=word_a,
            wordb_count=word_b,
            bigram_count=together,
            len_vocab=len(self._counts),
            min_count=self.min_count,
            corpus_word_count=self._counts.n_words,
        )
        return None if score <= self.threshold else score

    def export_phrases(self) -> dict[str, float]:
        """Return all phrases found so far, with their scores, in the order in which they first appeared.

        Raises
        ------
        ValueError
            If the delimiter is empty, so that texts cannot be split again.
        """
        if not self.delimiter:
            raise ValueError("delimiter must not be empty to export phrases: the words could not be told apart")
        return self._scored(self._candidates())

    def _candidates(self) -> NDArray[np.int64]:
        """Return what `PhraseCounts.candidates` does, less what our scorers rate too low for its count alone."""
        rare = (self.scoring is original_scorer and self.threshold >= 0) or self.scoring is npmi_scorer
        return self._counts.candidates(int(self.min_count) if rare else 0)

    def _scored(self, rows: NDArray[np.int64]) -> dict[str, float]:
        """Return the phrases among candidates."""
        numbers, together, first, last, _ = rows[self._may_pass(rows)].T
        scores = [
            self._score(a, b, ab) for a, b, ab in zip(first.tolist(), last.tolist(), together.tolist(), strict=True)
        ]
        kept = np.array([score is not None for score in scores], dtype=bool)
        texts = self._counts.texts(numbers[kept])
        return dict(zip(texts, (score for score in scores if score is not None), strict=True))

    def _may_pass(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which candidates may score above the threshold: all, or few if we know the scorer.

        Left out is only what is surely too low; the scorer itself decides about the rest.
        """
        _, together, first, last, _ = rows.astype(np.float64).T
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.scoring is original_scorer:
                scores = (together - self.min_count) / (first * last) * len(self._counts)
            elif self.scoring is npmi_scorer:
                total = self._counts.n_words
                scores = np.log(together / total / (first / total * (last / total))) / -np.log(together / total)
            else:
                return np.ones(len(rows), dtype=bool)
        passing: NDArray[np.bool_] = ~(scores < self.threshold - _SLACK * max(1.0, abs(self.threshold)))
        return passing

    def freeze(self) -> FrozenPhrases:
        """Return the phrases found so far without the counts: small, quick, and final."""
        return FrozenPhrases(self)

    def _join_all(self, sentences: Iterable[Sentence]) -> Iterator[list[str]]:
        """Score all candidates once, instead of at each occurrence.

        A text that could have been joined in several ways has a score for each: those are scored where they occur.
        """
        own = type(self).score_candidate is not Phrases.score_candidate
        if own or self.scoring not in _SCORERS.values() or not self.delimiter:
            return super()._join_all(sentences)
        rows = self._candidates()
        several = rows[:, 4] > 1
        phrases: dict[str, float | None] = dict(self._scored(rows[~several]))
        phrases.update(dict.fromkeys(self._counts.texts(rows[several, 0])))
        return _join_known(self, phrases, sentences)

    def _state(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in ("_counts", "_vocab")}
        return state | {
            "scoring": _scoring_to_name(self.scoring),
            "corpus_word_count": self.corpus_word_count,
            "min_reduce": self.min_reduce,
            **self._counts.pack(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        state = dict(state)
        arrays = {name: state.pop(name) for name in ("texts", "ends", "counts")}
        n_words, min_reduce = state.pop("corpus_word_count"), state.pop("min_reduce")
        self.__dict__.update(state | {"scoring": _scoring_from_name(state["scoring"])})
        self._counts = PhraseCounts(self.delimiter, self.connector_words, int(self.max_vocab_size))
        self._counts.add_packed(arrays)
        self._counts.n_words, self._counts.min_reduce = n_words, min_reduce
        self._vocab = None

    def __getstate__(self) -> dict[str, Any]:
        return self._state() | {"scoring": self.scoring}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._restore(state | {"scoring": "default"})
        self.scoring = state["scoring"]

    @classmethod
    def _from_gensim(cls, found: Any) -> Self:
        state = _gensim_options(found)
        counts = {_text(word): int(count) for word, count in found.__dict__["vocab"].items()}
        made = cls.__new__(cls)
        made._restore(
            state
            | {name: found.__dict__[name] for name in ("max_vocab_size", "progress_per")}
            | {name: int(found.__dict__.get(name, 0)) for name in ("corpus_word_count", "min_reduce")}
            | _pack(counts)
        )
        return made


class FrozenPhrases(_PhrasesTransformation, Saveable):
    """Phrases that are found, without the counts: for use, not for learning.

    Parameters
    ----------
    phrases_model : Phrases

    Attributes
    ----------
    phrasegrams : dict of str to float
        The phrases and their scores.
    threshold, min_count, delimiter, scoring, connector_words
        As in the model. A higher threshold, set later, leaves phrases out.
    """

    _kind = "FrozenPhrases"

    def __init__(self, phrases_model: Phrases) -> None:
        if not isinstance(phrases_model, Phrases):
            raise TypeError(f"phrases_model must be Phrases, got {type(phrases_model).__name__}")
        super().__init__(phrases_model.connector_words)
        self.threshold, self.min_count = phrases_model.threshold, phrases_model.min_count
        self.delimiter, self.scoring = phrases_model.delimiter, phrases_model.scoring
        self.phrasegrams = phrases_model.export_phrases()

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.phrasegrams)} phrases, min_count={self.min_count}, "
            f"threshold={self.threshold}>"
        )

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> tuple[str | None, float | None]:
        """Return (joined text, score) if the words are a phrase, else Nones."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        score = self.phrasegrams.get(phrase)
        return (None, None) if score is None or score <= self.threshold else (phrase, score)

    def _join_all(self, sentences: Iterable[Sentence]) -> Iterator[list[str]]:
        if type(self).score_candidate is not FrozenPhrases.score_candidate or not self.delimiter:
            return super()._join_all(sentences)
        phrases = {text: score for text, score in self.phrasegrams.items() if not score <= self.threshold}
        return _join_known(self, phrases, sentences)

    def _state(self) -> dict[str, Any]:
        scores = np.array(list(self.phrasegrams.values()), dtype=np.float64)
        state = super()._state() | {"scoring": _scoring_to_name(self.scoring)}
        return state | {"phrasegrams": None, "phrases": list(self.phrasegrams), "scores": scores}

    def _restore(self, state: dict[str, Any]) -> None:
        state = dict(state)
        phrases, scores = state.pop("phrases"), state.pop("scores")
        self.__dict__.update(state | {"scoring": _scoring_from_name(state["scoring"])})
        self.phrasegrams = dict(zip(phrases, scores.tolist(), strict=True))

    @classmethod
    def _from_gensim(cls, found: Any) -> Self:
        state = _gensim_options(found)
        made = cls.__new__(cls)
        made.__dict__.update(state | {"scoring": _scoring_from_name(state["scoring"])})
        made.phrasegrams = {}
        for words, value in found.__dict__["phrasegrams"].items():
            # before gensim 4: a tuple of words, and a count beside the score
            text = words if isinstance(words, str | bytes) else made.delimiter.join(map(_text, words))
            made.phrasegrams[_text(text)] = float(value if isinstance(value, Real) else value[1])
        return made


Phraser = FrozenPhrases


def _text(word: str | bytes) -> str:
    """Return a word of gensim's, which were bytes before gensim 4."""
    return word.decode("utf-8") if isinstance(word, bytes) else word


def _gensim_options(found: Any) -> dict[str, Any]:
    """Return what gensim's two classes share under the names of gensim 4."""
    state = found.__dict__
    connectors = state.get("connector_words", state.get("common_terms", ()))
    scoring = state.get("scoring", "default")
    names = {"original_scorer": "default", "npmi_scorer": "npmi"}
    return {
        "min_count": state["min_count"],
        "threshold": state["threshold"],
        "delimiter": _text(state["delimiter"]),
        "scoring": scoring if isinstance(scoring, str) else names[scoring.__name__],
        "connector_words": frozenset(map(_text, connectors)),
    }


def _pack(counts: dict[str, int]) -> dict[str, NDArray[Any]]:
    """Return a table of counts as `PhraseCounts.add_packed` takes it."""
    packed = storage.pack_words(list(counts))
    return {
        "texts": packed["words"],
        "ends": packed["word_ends"],
        "counts": np.array(list(counts.values()), dtype=np.int64),
    }
