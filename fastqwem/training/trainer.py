"""Training as a call: a new model, more epochs for one, or the rest of one that was interrupted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..progress import Progress
from ..text.corpus import Corpus
from .checkpoint import fingerprint, read_model
from .engine import make_engine
from .initial import Initial, describe
from .loop import Callback, Loop, Surroundings
from .model import TrainedModel
from .options import Options
from .sampling import check_learnable
from .state import State

__all__ = ["Callback", "go_on", "resume", "train"]


def train(
    corpus: Corpus,
    objective: str = "sgns",
    architecture: str = "skipgram",
    vector_size: int = 100,
    window: int = 5,
    negative: int = 5,
    ns_exponent: float = 0.75,
    sample: float = 1e-3,
    alpha: float | None = None,
    min_alpha: float | None = None,
    epochs: int = 5,
    workers: int = 0,
    seed: int = 1,
    tied: bool = False,
    hs: bool = False,
    device: str = "cpu",
    shared_negatives: int | None = None,
    init: Any = None,
    callbacks: Iterable[Callback] = (),
    *,
    exact_negatives: bool = False,
    shrink_windows: bool = True,
    cbow_mean: bool = True,
    held_out: float = 0.0,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> TrainedModel:
    """Learn vectors by stochastic gradient descent.

    Parameters
    ----------
    corpus : Corpus
    objective : {"sgns", "qwem"}
        The loss: word2vec's, or its quadratic approximation ``-x + x^2/4`` of a pair, ``x + x^2/4`` of a negative.
    architecture : {"skipgram", "cbow"}
    vector_size : int
        Dimensions d.
    window : int
        Words on either side, 1 to 65,535. Words that `sample` drops do not count.
    negative : int
        Negative samples per pair, up to 1000; 0 only with `hs`.
    ns_exponent : float
        Negatives are drawn in proportion to ``count ** ns_exponent``.
    sample : float
        Words whose share of the text is above this are thinned out, in [0, 1]; 0 keeps all.
    alpha, min_alpha : float, optional
        The learning rate, falling linearly from `alpha` (by default what suits the objective, see
        `fastqwem.training.options.DEFAULTS`) to `min_alpha` (``0.004 * alpha``).
    epochs : int
    workers : int
        Threads; 0 for all cores. With one, the result is the same to the bit in every run on one instruction set. The
        GPU has threads of its own and ignores this.
    seed : int
        Of everything random, 0 to 2^64 - 1. Samples do not depend on `workers`.
    tied : bool
        One matrix for both sides, as in the paper.
    hs : bool
        Hierarchical softmax, beside or instead of negative samples; SGNS only.
    device : {"cpu", "cuda"}
        Where to train: "cuda" is an NVIDIA GPU, by way of Numba (`fastqwem.cuda.why_not` says what is missing). It has
        skip-gram with negatives, sampled or exact, and draws the samples that the CPU draws, but adds up the updates
        of many blocks in no fixed order, so that results differ between runs by more than rounding. Callbacks and
        checkpoints copy the vectors from it.
    shared_negatives : int, optional
        Successive center words that share their negatives, 1 to 64; by default what suits the architecture. More is
        faster and samples less.
    init : optional
        What to begin with. None: inputs uniform in ``[-1, 1) / d``, outputs zero. ``"normal"`` or
        ``("normal", scale)``: the paper's, all entries normal with variance ``scale^2 / d`` (scale 1). `WordVectors`:
        rows by word, for the inputs; words it lacks begin at random. A `Spectrum`: its matrix for both sides. An array
        (V, d) for the inputs. A pair (input, output) of any of the last three or None.
    callbacks : iterable of callables
        Called with the model after each epoch; a true return value ends training.
    exact_negatives : bool
        Instead of samples the exact expectation of the negative term: QWEM skip-gram only.
    shrink_windows : bool
        Draw each window's reach from 1 to `window`; else it is always `window`.
    cbow_mean : bool
        CBOW: predict from the mean of the window's vectors; else from their sum.
    held_out : float
        Share of the positions, up to 0.5, that are no centers in training; the loss is measured there after each epoch.
    checkpoint : path, optional
        Save the model here after each epoch and when interrupted; `resume` goes on from there.
    progress : bool, callable or None
        See `fastqwem.progress.Progress`; counts tokens.

    Returns
    -------
    TrainedModel

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or contradicts another, or `init` holds NaN or infinity.
    CorpusError
        If there is nothing to learn from: fewer than two words, or no two in a sentence.
    DivergedError
        If the learning rate was too high; names epoch and rate.
    DeviceError
        If there is no GPU for ``device="cuda"``, its memory is too small, or it fails; a checkpoint stays as it was.
    TrainingInterrupted
        A KeyboardInterrupt, on Ctrl-C; its `model` is what was trained so far.
    OSError
        If the checkpoint cannot be written.

    Notes
    -----
    Memory: the matrices (``4 V d`` bytes each), the corpus, and at most 64 MB; on a GPU the same with d rounded up to a
    multiple of 32, and less than 200 MB beside them; a corpus that does not fit is copied piece by piece. SGNS: Mikolov
    et al. 2013 (arXiv 1310.4546); QWEM: Karkada et al. 2025 (arXiv 2502.09863). Threads update the matrices without
    locks, as Recht et al. 2011 (Hogwild).

    Examples
    --------
    >>> model = train(corpus, vector_size=200, sample=1e-4)  # doctest: +SKIP
    >>> model.vectors.most_similar("king")  # doctest: +SKIP
    """
    options = Options.judged(
        objective=objective,
        architecture=architecture,
        vector_size=vector_size,
        window=window,
        negative=negative,
        ns_exponent=ns_exponent,
        sample=sample,
        alpha=alpha,
        min_alpha=min_alpha,
        epochs=epochs,
        seed=seed,
        tied=tied,
        hs=hs,
        device=device,
        shared_negatives=shared_negatives,
        exact_negatives=exact_negatives,
        shrink_windows=shrink_windows,
        cbow_mean=cbow_mean,
        held_out=held_out,
        init=describe(init),
    )
    around = Surroundings.judged(workers, callbacks, progress, checkpoint)
    _check_corpus(corpus)
    initial = Initial(init, corpus.vocab, options)
    engine = make_engine(options, corpus.vocab)
    engine.fill(initial.fill)
    del initial, init
    model = TrainedModel(corpus.vocab, options, State(), fingerprint(corpus), engine)
    return Loop(model, engine, corpus, around).run()


def resume(
    model: TrainedModel | str | os.PathLike[str],
    corpus: Corpus,
    workers: int = 0,
    callbacks: Iterable[Callback] = (),
    progress: Progress = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> TrainedModel:
    """Go on with training that was interrupted, from exactly where it stopped.

    With one worker the result has the same bits as if nothing had happened.

    Parameters
    ----------
    model : TrainedModel or path
        As `TrainingInterrupted` holds it, or a file that ``checkpoint=`` or `TrainedModel.save` wrote. If it is
        complete, nothing is left to do.
    corpus : Corpus
        The one it was trained on.
    workers, callbacks, progress, checkpoint
        As for `train`; `checkpoint` may be the same file.

    Returns
    -------
    TrainedModel

    Raises
    ------
    ValueError
        If the corpus is another one, or the model is still being trained.
    FormatError, OSError
        If the file is damaged or cannot be read.
    CorpusError, DivergedError, TrainingInterrupted
        As for `train`.
    """
    if not isinstance(model, TrainedModel):
        model = read_model(model, mmap=True)
    _check_corpus(corpus)
    found = fingerprint(corpus)
    if found != model.corpus or corpus.vocab != model.vocab:
        differs = [name for name in found if found[name] != model.corpus[name]] or ["vocab"]
        raise ValueError(f"corpus must be the one that the model was trained on: its {' and '.join(differs)} differs")
    return go_on(model, model.options, model._state, corpus, workers, callbacks, progress, checkpoint)


def go_on(
    model: TrainedModel,
    options: Options,
    state: State,
    corpus: Corpus,
    workers: int,
    callbacks: Iterable[Callback],
    progress: Progress,
    checkpoint: str | os.PathLike[str] | None,
) -> TrainedModel:
    """Train a copy of a model on from a state; see `TrainedModel.continue_training`."""
    if model.is_live:
        raise ValueError("model is still being trained: this is for when it has ended")
    around = Surroundings.judged(workers, callbacks, progress, checkpoint)
    _check_corpus(corpus)
    if corpus.vocab.words != model.vocab.words:
        raise ValueError(
            f"corpus must have the model's {len(model.vocab)} words in the same order, got others "
            f"({len(corpus.vocab)}); encode it with vocab=model.vocab"
        )
    engine = make_engine(options, model.vocab)
    engine.load(model._live_or_kept())
    copy = TrainedModel(model.vocab, options, state, fingerprint(corpus), engine)
    del model
    return Loop(copy, engine, corpus, around).run()


def _check_corpus(corpus: Any) -> None:
    if not isinstance(corpus, Corpus):
        raise TypeError(f"corpus must be a Corpus (see Corpus.from_text), got {type(corpus).__name__}")
    check_learnable(corpus.vocab, corpus.offsets)
