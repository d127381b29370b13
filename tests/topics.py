"""Sentences that keep to one topic each: words of a topic must end up near each other."""

from __future__ import annotations

import numpy as np


def topical(n_sentences=400, length=60, seed=0, topics=("sea", "sky"), n_words=12):
    rng = np.random.default_rng(seed)
    names = [[f"{topic}{i}" for i in range(n_words)] for topic in topics]
    return [[str(word) for word in rng.choice(names[i % len(topics)], length)] for i in range(n_sentences)]
