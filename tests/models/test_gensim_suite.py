"""gensim's own tests of KeyedVectors, Word2Vec and Phrases, on ours. See `gensim_suite`."""

from __future__ import annotations

import gensim_suite
import pytest
from gensim_suite import CANNOT_PASS, FLAKY, SLOW, SUITES, Outcomes, cases, judge, missing, names


@pytest.fixture(scope="session")
def outcomes(request, tmp_path_factory):
    """By suite; only the tests that this run selected are run."""
    selected = [item.callspec.params["name"] for item in request.session.items if "gensim_test" in item.keywords]
    folder = tmp_path_factory.mktemp("gensim")
    return {suite: Outcomes(suite, folder, [name for name in names(suite) if name in selected]) for suite in SUITES}


@pytest.mark.gensim_test
@pytest.mark.parametrize("name", cases("test_keyedvectors"))
def test_keyedvectors(name, outcomes):
    judge(outcomes["test_keyedvectors"], name)


@pytest.mark.gensim_test
@pytest.mark.skipif(gensim_suite.no_word2vec(), reason="fastqwem.models.word2vec is not there yet")
@pytest.mark.parametrize("name", cases("test_word2vec"))
def test_word2vec(name, outcomes):
    judge(outcomes["test_word2vec"], name)


@pytest.mark.gensim_test
@pytest.mark.parametrize("name", cases("test_phrases"))
def test_phrases(name, outcomes):
    judge(outcomes["test_phrases"], name)


@pytest.mark.skipif(bool(missing("test_word2vec")), reason=missing("test_word2vec") or "-")
def test_the_lists_name_real_tests_and_few():
    every = {f"{suite}::{name}" for suite in SUITES for name in names(suite)}
    assert len(every) >= 117 + 56
    assert set(CANNOT_PASS) | FLAKY | SLOW <= every
    assert len(CANNOT_PASS) <= 0.05 * len(every)
    assert all(CANNOT_PASS.values())
