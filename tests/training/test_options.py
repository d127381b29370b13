"""Every option is judged once, and the message names the argument, the rule and the value."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from fastqwem import _core, train
from fastqwem.training.options import DEFAULTS, Options
from fastqwem.training.sampling import held_out_limit, keep_limits, kept_shares, noise_weights
from fastqwem.training.schedule import Schedule

NAMES = [name for name in inspect.signature(Options.judged).parameters if name != "init"]
GIVEN = {name: p.default for name, p in inspect.signature(train).parameters.items() if name in NAMES}


def judged(**changes):
    return Options.judged(**(GIVEN | changes))


def test_train_has_every_option():
    assert set(GIVEN) == set(NAMES)


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_none_stands_for_the_table(objective, architecture):
    options = judged(objective=objective, architecture=architecture)
    default = DEFAULTS[objective, architecture]
    assert (options.alpha, options.shared_negatives) == (default["alpha"], default["shared_negatives"])
    assert options.min_alpha == 0.004 * options.alpha
    assert judged(alpha=0.5).min_alpha == 0.002
    assert judged(alpha=0.5, min_alpha=0.0).min_alpha == 0


def test_json_and_back():
    options = judged(objective="qwem", tied=True, sample=1 / 3, seed=2**64 - 1)
    assert Options.from_json(options.to_json()) == options
    with pytest.raises(KeyError, match="tied"):
        Options.from_json({name: value for name, value in options.to_json().items() if name != "tied"})


def test_matrices():
    assert judged().matrices == ("input", "output")
    assert judged(tied=True).matrices == ("input",)
    assert judged(hs=True, negative=0).matrices == ("input", "nodes")
    assert judged(hs=1).matrices == ("input", "output", "nodes")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "glove"}, "objective must be one of 'sgns', 'qwem', got 'glove'"),
        ({"architecture": 1}, "architecture must be one of 'skipgram', 'cbow', got 1"),
        ({"vector_size": 0}, "vector_size must be at least 1, got 0"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"window": 65_536}, "window must be at most 65535, got 65536"),
        ({"negative": -1}, "negative must be at least 0, got -1"),
        ({"negative": 1001}, "negative must be at most 1000, got 1001"),
        ({"negative": 0}, "negative must be at least 1 without hs, got 0"),
        ({"ns_exponent": float("nan")}, "ns_exponent must be finite, got nan"),
        ({"sample": -1e-3}, "sample must be at least 0, got -0.001"),
        ({"sample": 1.5}, "sample must be at most 1, got 1.5"),
        ({"alpha": 0}, "alpha must be greater than 0, got 0"),
        ({"alpha": float("inf")}, "alpha must be finite, got inf"),
        ({"alpha": 0.1, "min_alpha": 0.2}, r"min_alpha must be at most alpha \(0.1\), got 0.2"),
        ({"min_alpha": -1.0}, "min_alpha must be at least 0, got -1"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**64}, "seed must be at most"),
        ({"device": "tpu"}, "device must be one of 'cpu', 'cuda', got 'tpu'"),
        (
            {"device": "cuda", "architecture": "cbow"},
            "architecture must be .skipgram. for device .cuda., got .cbow.: device .cpu. has it",
        ),
        ({"device": "cuda", "hs": True}, "hs must be False for device .cuda., got True"),
        ({"device": "cuda", "vector_size": 3000}, "vector_size, window, negative or shared_negatives must be smaller"),
        ({"shared_negatives": 0}, "shared_negatives must be at least 1, got 0"),
        ({"shared_negatives": 65}, "shared_negatives must be at most 64, got 65"),
        ({"held_out": 0.6}, "held_out must be at most 0.5, got 0.6"),
        ({"hs": True, "tied": True}, "tied must be False with hs"),
        ({"hs": True, "objective": "qwem"}, 'hs must be False for objective "qwem"'),
        ({"exact_negatives": True}, 'objective must be "qwem" for exact_negatives, got "sgns"'),
        (
            {"exact_negatives": True, "objective": "qwem", "architecture": "cbow"},
            'architecture must be "skipgram" for exact_negatives, got "cbow"',
        ),
    ],
)
def test_values_out_of_range(changes, message):
    with pytest.raises(ValueError, match=message):
        judged(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vector_size": 10.0}, "vector_size must be an integer, got 10.0"),
        ({"epochs": True}, "epochs must be an integer, got True"),
        ({"alpha": "0.1"}, "alpha must be a number, got '0.1'"),
        ({"tied": "no"}, "tied must be True or False, got 'no'"),
        ({"hs": 2}, "hs must be True or False, got 2"),
    ],
)
def test_wrong_types(changes, message):
    with pytest.raises(TypeError, match=message):
        judged(**changes)


def test_rates_fall_linearly_over_all_epochs():
    """The definition, in float64 and rounded once, so equal to the bit."""
    n_tokens, epochs, chunk = 20_000, 3, _core.TRAINING_CHUNK
    schedule = Schedule(0.05, 0.01, 7, epochs)
    for epoch in range(epochs):
        found = schedule.rates(n_tokens, 7 + epoch, 0, 3)
        done = [(epoch * n_tokens + chunk * c) / (epochs * n_tokens) for c in range(3)]
        assert found.tolist() == [np.float32(max(0.01, 0.05 - (0.05 - 0.01) * x)) for x in done]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(schedule.rates(n_tokens, 7 + epoch, 1, 3), found[1:])


def test_keep_limits_by_hand():
    counts = np.array([900, 99, 1, 0])
    kept = [min(1, (0.01 / f) ** 0.5 + 0.01 / f) for f in (0.9, 0.099, 0.001)]
    limits = keep_limits(counts, 0.01)
    assert limits.dtype == np.uint32
    # floor(p 2^32) of two formulas for p that differ by a few units of 2^-53: at most one apart
    assert all(abs(int(limit) - int(p * 2**32)) <= 1 for limit, p in zip(limits, kept[:2], strict=False))
    assert limits[2] == limits[3] == 2**32 - 1
    assert (keep_limits(counts, 0) == 2**32 - 1).all()
    shares = np.array([900 * kept[0], 99 * kept[1], 1 * kept[2], 0])
    np.testing.assert_allclose(kept_shares(counts, 0.01), shares / shares.sum(), rtol=1e-8)  # limits have 32 bits


def test_noise_weights_by_hand():
    np.testing.assert_allclose(noise_weights(np.array([16, 1, 0]), 0.75), [8, 1, 0], rtol=1e-15)
    np.testing.assert_allclose(noise_weights(np.array([16, 1, 0]), -0.5), [0.25, 1, 0], rtol=1e-15)
    np.testing.assert_allclose(noise_weights(np.array([16, 1, 0]), 0), [1, 1, 0], rtol=1e-15)
    with pytest.raises(ValueError, match="ns_exponent must leave the noise weights finite and above 0, got 1000"):
        noise_weights(np.array([16, 1]), 1000.0)


def test_held_out_limit():
    assert held_out_limit(0.0) == 0 and held_out_limit(0.5) == 2**31
