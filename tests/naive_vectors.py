"""Obvious, slow truths about word vectors: one loop per word, float64, no matrix products."""

from __future__ import annotations

import math


def cosine(a, b):
    dot = sum(float(x) * float(y) for x, y in zip(a, b, strict=True))
    norms = math.sqrt(sum(float(x) ** 2 for x in a)) * math.sqrt(sum(float(x) ** 2 for x in b))
    return dot / norms if norms else 0.0


def unit(a):
    norm = math.sqrt(sum(float(x) ** 2 for x in a))
    return [float(x) / norm if norm else 0.0 for x in a]


def mean_of_units(terms):
    """The sum of weight times unit vector over (vector, weight)."""
    total = [0.0] * len(terms[0][0])
    for vector, weight in terms:
        total = [t + weight * x for t, x in zip(total, unit(vector), strict=True)]
    return total


def neighbours(words, vectors, query, topn, banned=(), limit=None):
    scored = [
        (-cosine(vectors[i], query), i)
        for i in range(len(words) if limit is None else min(limit, len(words)))
        if words[i] not in banned
    ]
    return [(words[i], -score) for score, i in sorted(scored)[:topn]]


def regenerated(questions):
    """All ordered pairs of the distinct word pairs of one section."""
    pairs = []
    for a, b, c, d in questions:
        for pair in ((a, b), (c, d)):
            if pair not in pairs:
                pairs.append(pair)
    return [one + other for one in pairs for other in pairs if one != other]


def analogies(words, vectors, sections, limit=None):
    """(correct, covered) per section, ignoring case; the first of the forms of a word stands for all."""
    first = {}
    for i, word in enumerate(words[:limit]):
        if word.lower() not in first:
            first[word.lower()] = i
    outcome = {}
    for name, questions in sections.items():
        correct = covered = 0
        for a, b, c, d in questions:
            if not all(word in first for word in (a, b, c, d)):
                continue
            covered += 1
            query = mean_of_units([(vectors[first[b]], 1), (vectors[first[a]], -1), (vectors[first[c]], 1)])
            best, answer = -math.inf, None
            for word, i in first.items():
                if word not in (a, b, c):
                    score = cosine(vectors[i], query)
                    if score > best:
                        best, answer = score, word
            correct += answer == d
        outcome[name] = (correct, covered)
    return outcome


def spearman(xs, ys):
    """Pearson correlation of mean ranks."""

    def ranks(values):
        return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]

    a, b = ranks(xs), ranks(ys)
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    cov = sum((x - ma) * (y - mb) for x, y in zip(a, b, strict=True))
    return cov / math.sqrt(sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b))
