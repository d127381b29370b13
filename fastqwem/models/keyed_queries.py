"""Questions to keyed vectors: what is near, how near, what does not belong."""

from __future__ import annotations

import logging
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..vectors.ranking import Floats, nearest_rows, row_norms
from .keyed_rows import KEY_TYPES, Array, KeyedRows
from .mover import movers_distance

__all__ = ["KeyedQueries"]

logger = logging.getLogger("fastqwem.models.keyedvectors")

Ranked = list[tuple[Any, float]]
_BLOCK = 1 << 24  # scores held at a time by batch queries


def _listed(terms: Any) -> list[Any]:
    """Return what a user gave as one key or vector, or several, as a list."""
    if terms is None:
        return []
    if isinstance(terms, KEY_TYPES) or (isinstance(terms, np.ndarray) and terms.ndim == 1):
        return [terms]
    return list(terms)


def _weighed(term: Any, sign: float) -> tuple[Any, float]:
    """Return (key or vector, weight) of a term that may come with its own weight."""
    if isinstance(term, (*KEY_TYPES, np.ndarray)):
        return term, sign
    if isinstance(term, (tuple, list)) and len(term) == 2 and isinstance(term[1], numbers.Real):
        return term[0], float(term[1])
    raise ValueError(f"a term must be a key, a vector (as an array) or (key, weight), got {term!r}")


def _cosine(a: Array, b: Array) -> float:
    """Return the cosine of two vectors in float64; 0 where one is zero, exactly 1 of a vector with itself."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else 0.0


class KeyedQueries(KeyedRows):
    """What one asks of keyed vectors. Similarity is the cosine; a zero vector is at 0 to everything."""

    # Means

    def get_mean_vector(
        self,
        keys: Sequence[Any] | Array,
        weights: npt.ArrayLike | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Array:
        """Return the weighted mean (d,) of the vectors of keys.

        Parameters
        ----------
        keys : list of keys and vectors
            Vectors are taken as they are.
        weights : array, shape (n,), optional
            The sum is divided by the sum of their absolute values, over the keys that are known.
        pre_normalize, post_normalize : bool
            Scale the vectors of keys, or the mean, to length one.
        ignore_missing : bool
            Whether to leave out unknown keys.

        Raises
        ------
        KeyError
            For an unknown key, unless `ignore_missing`.
        ValueError
            If there are no keys, or not as many weights.
        """
        if len(keys) == 0:
            raise ValueError("cannot compute mean with no input")
        factors = np.ones(len(keys)) if weights is None else np.asarray(weights, dtype=np.float64)
        if factors.shape != (len(keys),):
            raise ValueError(f"keys and weights must be equally many, got {len(keys)} and {len(factors)}")
        parts: list[Array] = []
        used: list[float] = []
        for key, factor in zip(keys, factors.tolist(), strict=True):
            if isinstance(key, np.ndarray):
                parts.append(self._own_shape(key))
            elif key in self:
                parts.append(self.get_vector(key, norm=pre_normalize))
            elif ignore_missing:
                continue
            else:
                raise KeyError(f"Key '{key}' not present in vocabulary")
            used.append(factor)
        mean = np.zeros(self.vector_size)
        for part, factor in zip(parts, used, strict=True):
            mean += factor * part.astype(np.float64)
        total = sum(map(abs, used))
        if total > 0:
            mean /= total
        if post_normalize:
            mean /= np.sqrt(mean @ mean) or 1.0
            return np.asarray(mean, dtype=np.float64 if self.vectors.dtype == np.float64 else np.float32)
        return np.asarray(mean, dtype=self.vectors.dtype)

    def _own_shape(self, vector: Array) -> Array:
        if vector.shape != (self.vector_size,):
            raise ValueError(f"a vector must have shape ({self.vector_size},), got {vector.shape}")
        return vector

    # Neighbours

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
    ) -> Any:
        """Find the keys whose vectors point most nearly where the mean of the query's terms does.

        Parameters
        ----------
        positive, negative : key, vector (d,), matrix (n, d), or list of keys, vectors and (key, weight)
            Keys count with their unit vectors, vectors as they are; negative ones with weight -1.
        topn : int or None
            How many; None for the cosines of all rows as an array.
        clip_start, clip_end : int
            Look among these rows only.
        restrict_vocab : int, optional
            Look among the first so many rows only, whatever the clips are.
        indexer : object, optional
            Asked instead, by ``indexer.most_similar(mean, topn)``.

        Returns
        -------
        list of (key, float), best first, without the keys of the query; or array

        Raises
        ------
        KeyError
            If a key is unknown.
        ValueError
            If there are no terms, or the mean is not finite.
        """
        if topn is not None and topn < 1:
            return []
        terms = [_weighed(term, 1.0) for term in _listed(positive)]
        terms += [_weighed(term, -1.0) for term in _listed(negative)]
        keys = [key for key, _ in terms]
        mean = self.get_mean_vector(keys, [weight for _, weight in terms], post_normalize=True, ignore_missing=False)
        if indexer is not None and isinstance(topn, int):
            return indexer.most_similar(mean, topn)
        if not np.isfinite(mean).all():
            raise ValueError("the mean of the query's vectors is not finite")
        start, stop, _ = slice(clip_start, clip_end or None).indices(len(self.vectors))
        if restrict_vocab:
            start, stop = 0, min(restrict_vocab, len(self.vectors))
        stop = max(start, stop)
        if topn is None:
            return self._products(mean, start, stop)
        own = [int(self.get_index(key)) for key in keys if isinstance(key, KEY_TYPES) and self.has_index_for(key)]
        return self._nearest(mean[None, :], int(topn), start, stop, [own])[0]

    def most_similar_batch(
        self, keys: Sequence[Any], topn: int = 10, restrict_vocab: int | None = None
    ) -> list[Ranked]:
        """Find the neighbours of many keys at once, several times faster than one by one.

        Returns
        -------
        list of list of (key, float)
            For each key what `most_similar` gives, equal cosines perhaps rounded otherwise.
        """
        rows = [int(self.get_index(key)) for key in keys]
        stop = min(restrict_vocab or len(self.vectors), len(self.vectors))
        results: list[Ranked] = []
        step = max(1, _BLOCK // max(1, len(self.vectors)))
        for at in range(0, len(rows), step):
            some = rows[at : at + step]
            queries = self.vectors[some] / self._safe_norms()[some, None]
            results += self._nearest(queries, topn, 0, stop, [[row] for row in some])
        return results

    def _numbers(self, start: int, stop: int) -> Array:
        """Return rows in a type that products are fast in."""
        rows: Array = self.vectors[start:stop]
        return rows if rows.dtype in (np.float32, np.float64) else rows.astype(np.float32)

    def _products(self, vector: Array, start: int, stop: int) -> Array:
        """Return the products (stop - start,) of a vector with the unit vectors of rows; NaN of broken rows."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self._numbers(start, stop) @ vector / self._safe_norms()[start:stop])

    def _nearest(self, queries: Array, topn: int, start: int, stop: int, own: list[list[int]]) -> list[Ranked]:
        """Return the best rows in [start, stop) for each query but its own."""
        norms = self._safe_norms()[start:stop]
        sound = np.isfinite(norms)
        broken = [] if sound.all() else np.flatnonzero(~sound).tolist()  # NaN can neither be ranked nor found
        exclude = [[row - start for row in rows if start <= row < stop] + broken for rows in own]
        with np.errstate(invalid="ignore"):
            ids, scores = nearest_rows(self._numbers(start, stop), queries, topn, exclude, norms)
        keys = self.index_to_key
        return [
            [(keys[start + i], score) for i, score in zip(row, values, strict=True) if score != -np.inf]
            for row, values in zip(ids.tolist(), scores.tolist(), strict=True)
        ]

    def similar_by_word(self, word: Any, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return `most_similar` of one key."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_key(self, key: Any, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return `most_similar` of one key."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(self, vector: Array, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """Return `most_similar` of one vector (d,)."""
        return self.most_similar(positive=[np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self, positive: Any = None, negative: Any = None, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find keys by 3CosMul: the product of similarities to `positive` over that to `negative`.

        Similarities are shifted to (1 + cosine) / 2, and 1e-6 is added below the line; Levy and Goldberg, Linguistic
        Regularities in Sparse and Explicit Word Representations (2014), equation 4. Parameters, results and errors
        are those of `most_similar`, without weights.
        """
        if topn is not None and topn < 1:
            return []
        above, below = _listed(positive), _listed(negative)
        if not above:
            raise ValueError("cannot compute similarity with no input")
        stop = min(restrict_vocab or len(self.vectors), len(self.vectors))
        scores = self._shifted(above, stop) / (self._shifted(below, stop) + 1e-6)
        if topn is None:
            return scores
        for term in above + below:
            if isinstance(term, KEY_TYPES) and self.get_index(term, stop) < stop:
                scores[self.get_index(term)] = -np.inf
        best = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[: int(topn)]
        return [(self.index_to_key[row], float(scores[row])) for row in best.tolist() if scores[row] > -np.inf]

    def _shifted(self, terms: list[Any], stop: int) -> Array:
        """Return for each row below `stop` the product over terms of (1 + cosine) / 2."""
        product = np.ones(stop, np.float64)
        for term in terms:
            vector = self._own_shape(term) if isinstance(term, np.ndarray) else self.get_vector(term, norm=True)
            product *= (1 + self._products(vector, 0, stop)) / 2
        return product

    # Distances

    @staticmethod
    def cosine_similarities(vector_1: Array, vectors_all: Array) -> Array:
        """Return the cosines (n,) of a vector (d,) with the rows of a matrix (n, d)."""
        vector_1, vectors_all = np.asarray(vector_1), np.asarray(vectors_all)
        scale = row_norms(vector_1[None, :])[0] * row_norms(vectors_all)
        return np.asarray((vectors_all @ vector_1) / np.where(scale == 0, scale.dtype.type(1), scale))

    def distances(self, word_or_vector: Any, other_words: Iterable[Any] | None = ()) -> Array:
        """Return 1 - cosine of a key or vector with each of `other_words`, or with all rows if there are none."""
        vector = (
            self.get_vector(word_or_vector) if isinstance(word_or_vector, KEY_TYPES) else np.asarray(word_or_vector)
        )
        rows = [self.get_index(word) for word in (() if other_words is None else other_words)]
        if rows:
            return np.asarray(1 - self.cosine_similarities(vector, self.vectors[rows]))
        length = row_norms(self._own_shape(vector)[None, :])[0] or 1
        return np.asarray(1 - self._products(vector, 0, len(self.vectors)) / length)

    def distance(self, w1: Any, w2: Any) -> Any:
        """Return 1 - `similarity`."""
        return 1 - self.similarity(w1, w2)

    def similarity(self, w1: Any, w2: Any) -> Any:
        """Return the cosine of two keys, as a number of the type of the vectors."""
        return self.vectors.dtype.type(_cosine(self.get_vector(w1), self.get_vector(w2)))

    def n_similarity(self, ws1: Sequence[Any], ws2: Sequence[Any]) -> Any:
        """Return the cosine of the means of two lists of keys; ZeroDivisionError if one is empty."""
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("each list must hold at least one key, one is empty")
        means = [self.get_mean_vector(words, pre_normalize=False) for words in (ws1, ws2)]
        return self.vectors.dtype.type(_cosine(*means))

    def closer_than(self, key1: Any, key2: Any) -> list[Any]:
        """Return the keys that are nearer to `key1` than `key2` is, in the order of rows."""
        distances = self.distances(key1)
        own = self.get_index(key1)
        nearer = np.flatnonzero(distances < distances[self.get_index(key2)])
        return [self.index_to_key[row] for row in nearer.tolist() if row != own]

    def rank(self, key1: Any, key2: Any) -> int:
        """Return which neighbour of `key1` is `key2`, from 1."""
        return len(self.closer_than(key1, key2)) + 1

    def relative_cosine_similarity(self, wa: Any, wb: Any, topn: int = 10) -> float:
        """Return the similarity of two keys relative to the sum of that of the `topn` nearest to `wa`.

        Leeuwenberg et al., A Minimally Supervised Approach for Synonym Extraction with Word Embeddings (2016),
        equation 1.
        """
        nearest = self.similar_by_word(wa, topn)
        if not nearest:
            raise ValueError(f"topn must be at least 1, and {wa!r} have neighbours, got topn={topn}")
        total: float = sum(score for _, score in nearest)
        return float(self.similarity(wa, wb)) / total

    # Groups

    def most_similar_to_given(self, key1: Any, keys_list: Sequence[Any]) -> Any:
        """Return the key of a list that is most similar to `key1`."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def rank_by_centrality(self, words: Sequence[Any], use_norm: bool = True) -> list[tuple[Any, Any]]:
        """Return (product with the centroid of the words, word) for the known words, most central first."""
        known = [word for word in words if word in self]
        if len(known) != len(words):
            unknown = sorted(set(map(str, words)) - set(map(str, known)))
            logger.warning("vectors for words %s are not present in the model, ignoring these words", unknown)
        if not known:
            raise ValueError("cannot select a word from an empty list")
        vectors = np.stack([self.get_vector(word, norm=use_norm) for word in known]).astype(np.float32)
        scores = vectors @ self.get_mean_vector(vectors, post_normalize=True).astype(np.float32)
        return sorted(zip(scores, known, strict=True), reverse=True)

    def doesnt_match(self, words: Sequence[Any]) -> Any:
        """Return the word of a list that is least like the mean of them all."""
        return self.rank_by_centrality(words)[-1][1]

    def wmdistance(self, document1: Iterable[Any], document2: Iterable[Any], norm: bool = True) -> float:
        """Return the Word Mover's Distance of two documents: what it costs to move the words of one to the other.

        Kusner et al., From Word Embeddings to Document Distances (2015); solved exactly as a linear program.

        Parameters
        ----------
        document1, document2 : list of keys
            Unknown ones are left out.
        norm : bool
            Scale the vectors to length one first.

        Returns
        -------
        float
            Infinity if a document holds no known word.
        """
        documents = [[word for word in document if word in self] for document in (document1, document2)]
        if not all(documents):
            logger.warning("a document has no words that are in the vocabulary: their distance is infinite")
            return float("inf")
        bags: list[tuple[Floats, Array]] = []
        for document in documents:
            words = list(dict.fromkeys(document))
            place = {word: i for i, word in enumerate(words)}
            counts = np.bincount([place[word] for word in document])
            bags.append((np.stack([self.get_vector(word, norm=norm) for word in words]), counts / counts.sum()))
        return movers_distance(*bags[0], *bags[1])
