"""The theory on real text: the sample of Wikipedia that comes with the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastqwem import Corpus, Target, count, solve
from fastqwem.theory import run_and_compare

SAMPLE = Path(__file__).parents[2] / "bench" / "data" / "wiki-sample.txt.xz"


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample corpus is not here")
@pytest.mark.parametrize("trainer", ["full_batch", "sampled"])
def test_training_on_text_is_what_theory_predicts(trainer):
    """Items 9, 10 and 13: tau within 5 %, plateaus within 1 % of the drop, and the space of the first modes."""
    corpus = Corpus.from_text(SAMPLE, max_vocab=1000, progress=False)
    target = Target(count(corpus, 16, progress=False))
    spectrum = solve(target, 64, progress=False)
    gaps = -np.diff(spectrum.values[:9]) / spectrum.values[:8]
    top = 2 + int(gaps[1:6].argmax())  # do not cut between eigenvalues that are close
    found = run_and_compare(
        target, spectrum, 12, trainer=trainer, init_scale=1e-8, edge=0.05, modes=top, top=top, settle=12, batch=200_000,
        progress=False,
    )  # fmt: skip
    assert np.abs(found.tau_error[:top]).max() < 0.05
    assert found.overlap > 0.995
    flat = found.plateau_error[np.isfinite(found.plateau_error)]
    assert len(flat) >= 2 and np.abs(flat).max() < 0.01  # sampling adds noise as 1 / batch: 0.01 with 50,000 pairs
