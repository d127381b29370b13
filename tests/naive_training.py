"""Training from its definitions: Python integers and loops over pairs, made without the package."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np

MASK = 0xFFFFFFFF


def philox(c0, c1, key):
    """Philox-2x32-10 from the paper, in Python's unbounded integers."""
    for round_ in range(10):
        product = 0xD256D193 * c0
        c0, c1 = (product >> 32) ^ ((key + round_ * 0x9E3779B9) & MASK) ^ c1, product & MASK
    return c0, c1


def bits(seed, epoch, position, draw):
    key = philox(seed & MASK, seed >> 32, epoch)[0]
    return philox(position & MASK, (position >> 32) | (draw << 16), key)


def keep_probability(count, total, sample):
    f = count / total
    return 1.0 if sample == 0 or count == 0 else min(1.0, math.sqrt(sample / f) + sample / f)


def samples(sentences, epoch, settings, threshold, alias, chunk):
    """(centre positions, negatives, pairs of positions) of every block, token by token."""
    position, result = 0, []
    for sentence in sentences:
        places = list(range(position, position + len(sentence)))
        words = dict(zip(places, sentence, strict=True))
        line = [p for p in places if bits(settings.seed, epoch, p, 0)[0] <= int(settings.keep[words[p]])]
        blocks, current, of_chunk = [], [], None
        for p in line:
            if bits(settings.seed, MASK, p, 65_535)[0] < settings.held_out:
                continue
            if p // chunk != of_chunk or len(current) == settings.shared_negatives:
                current, of_chunk = [], p // chunk
                blocks.append(current)
            current.append(p)
        result += [block_samples(block, line, epoch, settings, threshold, alias) for block in blocks]
        position += len(sentence)
    return result


def block_samples(block, line, epoch, settings, threshold, alias):
    pairs = []
    for p in block:
        radius = settings.window
        if settings.shrink_windows:
            radius = 1 + (bits(settings.seed, epoch, p, 0)[1] * settings.window >> 32)
        here = line.index(p)
        pairs += [(p, line[j]) for j in range(len(line)) if j != here and abs(j - here) <= radius]
    negatives = []
    group = settings.shared_negatives
    for k in range(0 if settings.exact_negatives else settings.negative * (2 if group > 1 else 1)):
        x0, x1 = bits(settings.seed, epoch, block[0], 1 + k)
        column = x0 * settings.vocab_size >> 32
        negatives.append(column if x1 < int(threshold[column]) else int(alias[column]))
    return block, negatives, pairs


def huffman_cost(counts):
    """The least sum of count times code length: what joining always the two smallest reaches."""
    heap, cost = [int(c) for c in counts], 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    return cost


def expected_pairs(sentence, vocab_size, window, keep):
    """E[number of pairs] by (input word, centre word): over every subset of kept tokens and every radius."""
    table = np.zeros((vocab_size, vocab_size))
    for kept in itertools.product([False, True], repeat=len(sentence)):
        chance = math.prod(keep[w] if k else 1 - keep[w] for w, k in zip(sentence, kept, strict=True))
        line = [w for w, k in zip(sentence, kept, strict=True) if k]
        for i, center in enumerate(line):
            for j, word in enumerate(line):
                if i != j:
                    table[word, center] += chance * max(0, window + 1 - abs(i - j)) / window
    return table


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mean_field(objective, inputs, outputs, seen, sampled):
    """Loss, and minus its gradients in both matrices, of `seen` positive and `sampled` negative pairs (tables)."""
    x = inputs @ outputs.T
    if objective == "sgns":
        loss = (seen * np.log1p(np.exp(-x)) + sampled * np.log1p(np.exp(x))).sum()
        pull = seen * sigmoid(-x) - sampled * sigmoid(x)
    else:
        loss = (seen * (-x + x * x / 4) + sampled * (x + x * x / 4)).sum()
        pull = seen * (1 - x / 2) - sampled * (1 + x / 2)
    return loss, pull @ outputs, pull.T @ inputs
