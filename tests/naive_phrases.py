"""The obvious truth about phrases: one dict of texts, filled word by word, and a score worked out at each place."""

from __future__ import annotations

import itertools
import math


class NaivePhrases:
    """Counts of words and joined neighbours; every query goes through them again."""

    def __init__(self, delimiter="_", connectors=frozenset(), max_size=10**9):
        self.delimiter, self.connectors, self.max_size = delimiter, connectors, max_size
        self.counts: dict[str, int] = {}
        self.n_words, self.min_reduce = 0, 1

    def candidates(self, sentence):
        """(first word, connectors between, last word) of all neighbours."""
        places = [i for i, word in enumerate(sentence) if word not in self.connectors]
        for i, j in itertools.pairwise(places):
            yield sentence[i], sentence[i + 1 : j], sentence[j]

    def join(self, first, between, last):
        return self.delimiter.join([first, *between, last])

    def learn(self, sentences):
        """Count sentences apart, then take them in."""
        fresh: dict[str, int] = {}
        min_reduce = 1
        for sentence in sentences:
            self.n_words += len(sentence)
            pairs = iter(self.candidates(sentence))
            for place, word in enumerate(word for word in sentence if word not in self.connectors):
                texts = [word] if place == 0 else [word, self.join(*next(pairs))]
                for text in texts:
                    fresh[text] = fresh.get(text, 0) + 1
            if len(fresh) > self.max_size:
                fresh = {text: count for text, count in fresh.items() if count >= min_reduce}
                min_reduce += 1
        if not self.counts:
            self.counts = fresh
            return
        self.min_reduce = max(self.min_reduce, min_reduce)
        for text, count in fresh.items():
            self.counts[text] = self.counts.get(text, 0) + count
        if len(self.counts) > self.max_size:
            self.counts = {text: count for text, count in self.counts.items() if count >= self.min_reduce}
            self.min_reduce += 1

    def default(self, first, between, last, min_count):
        """(pair - min_count) * texts / (first * last), or None where something never occurs."""
        a, b, ab = (self.counts.get(text, 0) for text in (first, last, self.join(first, between, last)))
        return (ab - min_count) / (a * b) * len(self.counts) if a and b and ab else None

    def npmi(self, first, between, last, min_count):
        """Log of p(ab) / p(a) p(b) over -log p(ab)."""
        a, b, ab = (self.counts.get(text, 0) for text in (first, last, self.join(first, between, last)))
        if not (a and b and ab) or ab < min_count:
            return None
        n = self.n_words
        return math.log(ab / n / (a / n * (b / n))) / -math.log(ab / n)

    def analyze(self, sentence, score, threshold):
        """Texts with their scores, from left to right; `score` takes (first, between, last)."""
        result, rest = [], list(sentence)
        while rest:
            if rest[0] not in self.connectors:
                end = next((i for i in range(1, len(rest)) if rest[i] not in self.connectors), None)
                found = None if end is None else score(rest[0], rest[1:end], rest[end])
                if found is not None and found > threshold:
                    result.append((self.join(rest[0], rest[1:end], rest[end]), found))
                    rest = rest[end + 1 :]
                    continue
            result.append((rest.pop(0), None))
        return result

    def export(self, score, threshold):
        """The phrases among all texts, split by `str.split`."""
        found = {}
        for text in self.counts:
            first, *between = text.split(self.delimiter)
            if between:
                value = score(first, between[:-1], between[-1])
                if value is not None and value > threshold:
                    found[text] = value
        return found
