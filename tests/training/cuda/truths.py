"""Engines on the simulated GPU for the settings of the specification, and what they are compared with."""

from __future__ import annotations

import numpy as np

from fastqwem.training import spec
from fastqwem.training.spec.moments import center_share, moments, noise_share

UNIT = 2.0**-24  # relative rounding error of float32


def sizes_of(of):
    from fastqwem.training.cuda.sizes import Sizes

    names = ("vector_size", "objective", "window", "negative", "shared_negatives", "shrink_windows", "exact_negatives")
    chosen = {name: getattr(of, name) for name in (*names, "held_out")}
    return Sizes.of(**chosen)


def trainer_of(of, matrices=None, warps=1, room=None):
    """A `DeviceTrainer` for settings of the specification."""
    from fastqwem.training.cuda.trainer import DeviceTrainer

    trainer = DeviceTrainer(
        sizes_of(of),
        vocab_size=of.vocab_size,
        seed=of.seed,
        held_out=of.held_out,
        negative=of.negative,
        tied=of.tied,
        keep=of.keep,
        weights=of.noise,
        shares=center_share(of),
        warps=warps,
        room=room,
    )
    if matrices is not None:
        for name, matrix in matrices.items():
            trainer.write(name, matrix)
        if of.exact_negatives:
            known = known_moments(of, matrices)
            ratio = noise_share(of) / center_share(of)
            norms = [float(np.linalg.eigvalsh(second)[-1]) for second in (known.sigma, known.pi)]
            trainer.set_moments(known.mu, known.sigma, known.nu, known.pi, ratio, *norms)
    return trainer


def known_moments(of, matrices):
    return moments(matrices["input"], matrices["input" if of.tied else "output"], of)


def spec_epoch(corpus, of, matrices, alphas, epoch=0, dtype=np.float64, first_chunk=0):
    known = known_moments(of, matrices) if of.exact_negatives else None
    return spec.train_epoch(corpus[0], corpus[1], epoch, of, matrices, alphas, dtype, first_chunk, known)


def device_epoch(corpus, of, matrices, alphas, epoch=0, **tuning):
    """The trainer after an epoch from these matrices."""
    trainer = trainer_of(of, matrices, **tuning)
    trainer.begin(0)
    trainer.train(corpus[0], corpus[1], epoch, 0, len(alphas), alphas, 1, None)
    assert trainer.next_chunk == len(alphas) and not trainer.diverged
    return trainer


def allowed(corpus, of, matrices, truth, alphas, epoch=0):
    """How far float32 may be from float64 after the epoch, in an entry of a matrix.

    The specification itself, in float32, has the same operations as the kernel in another order: every score, update
    and addition is rounded as often. Its distance from float64 is a sample of what such rounding comes to; the kernel's
    is another sample of the same size, and the largest of some hundred entries varies by less than the factor 8 that is
    allowed. Fast exponentials and divisions add 2 units in the last place to the coefficients, which are rounded about
    as often anyway; the last term is for entries that happen to be exact in the sample.
    """
    rounded = spec_epoch(corpus, of, matrices, alphas, epoch, np.float32)
    away = max(np.abs(rounded.matrices[name] - truth.matrices[name]).max() for name in matrices)
    return 8 * away + 4 * UNIT * max(np.abs(matrix).max() for matrix in truth.matrices.values())


def check_epoch(corpus, of, matrices, alphas, trainer, epoch=0):
    """The trainer's matrices, totals and loss are the specification's after an epoch."""
    truth = spec_epoch(corpus, of, matrices, alphas, epoch)
    limit = allowed(corpus, of, matrices, truth, alphas, epoch)
    loss, pairs, words = trainer.totals()
    assert (pairs, words) == (truth.pairs, truth.words)
    for name, matrix in truth.matrices.items():
        assert limit < np.abs(matrix - matrices[name]).max() / 100, "the tolerance says nothing"
        np.testing.assert_allclose(trainer.matrix(name), matrix, rtol=0, atol=limit, err_msg=name)
    # A lane adds up its losses in float32, some hundred of them; a score's rounding is far below that.
    terms = (1 + of.negative) * max(truth.pairs, 1)
    np.testing.assert_allclose(loss, truth.loss, rtol=1e-5, atol=terms * 1e-5)
    return truth
