"""Our objects as gensim's and the other way round, in memory.

gensim is imported by what needs it. Files need none of this: `fastqwem.models.KeyedVectors.load` and its like read
what gensim saved, and refuse what cannot be read safely; `load_with_gensim` is for that.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from ..text.vocab import Vocab
from ..training.model import TrainedModel
from ..training.options import Options
from ..training.state import State
from ..vectors.word_vectors import WordVectors

__all__ = ["as_word_vectors", "from_gensim", "load_with_gensim", "to_gensim"]


def _gensim(module: str, who: str) -> Any:
    try:
        return importlib.import_module(f"gensim.{module}")
    except ImportError as error:
        raise ImportError(f"{who} needs gensim: pip install gensim ({error})") from error


def to_gensim(source: WordVectors | TrainedModel) -> Any:
    """Return vectors as gensim's KeyedVectors, or a model as gensim's Word2Vec; matrices are copied.

    Parameters
    ----------
    source : WordVectors or TrainedModel
        A model must be of the kind that gensim trains: the objective ``"sgns"``, not tied, without `hs`. Its words
        keep their order.

    Returns
    -------
    gensim.models.KeyedVectors or gensim.models.Word2Vec
        The second can be trained on.

    Raises
    ------
    ImportError
        If gensim is not installed.
    TypeError
        If `source` is neither.
    ValueError
        If gensim has no such model; its `vectors` can still be handed over.
    """
    if isinstance(source, TrainedModel):
        return _to_word2vec(source)
    if not isinstance(source, WordVectors):
        raise TypeError(f"source must be WordVectors or a TrainedModel, got {type(source).__name__}")
    kv = _gensim("models", "to_gensim").KeyedVectors(source.vector_size)
    kv.add_vectors(source.words, source.vectors)
    if source.counts is not None:
        kv.expandos["count"] = source.counts.copy()
    return kv


def _to_word2vec(model: TrainedModel) -> Any:
    options = model.options
    for name, wanted in (("objective", "sgns"), ("tied", False), ("hs", False)):
        if getattr(options, name) != wanted:
            raise ValueError(
                f"{name} must be {wanted!r} for gensim's Word2Vec, got {getattr(options, name)!r} (vectors alone: "
                "to_gensim(model.vectors))"
            )
    output = model.output_vectors
    assert output is not None  # it is not tied and has negatives
    made = _gensim("models", "to_gensim").Word2Vec(
        vector_size=options.vector_size,
        window=options.window,
        sg=int(options.architecture == "skipgram"),
        negative=options.negative,
        ns_exponent=options.ns_exponent,
        sample=options.sample,
        alpha=options.alpha,
        min_alpha=options.min_alpha,
        epochs=options.epochs,
        seed=options.seed % 2**32,
        cbow_mean=int(options.cbow_mean),
        shrink_windows=options.shrink_windows,
        min_count=0,
        sorted_vocab=0,
    )
    frequencies = dict(zip(model.vocab.words, model.vocab.counts.tolist(), strict=True))
    made.build_vocab_from_freq(frequencies, corpus_count=model.corpus["n_sentences"])
    if made.wv.index_to_key != model.vocab.words:
        raise ValueError("gensim did not keep the words and their order")
    made.wv.vectors[:] = model.input_vectors
    made.syn1neg[:] = output
    return made


def from_gensim(source: Any) -> WordVectors | TrainedModel:
    """Return gensim's KeyedVectors as `WordVectors`, its Word2Vec as a `TrainedModel`; matrices are copied.

    Objects of `fastqwem.models` are taken too, and gensim itself is not imported.

    Parameters
    ----------
    source : KeyedVectors or Word2Vec
        Keys must be str. A Word2Vec must have negative samples and no hierarchical softmax.

    Returns
    -------
    WordVectors or TrainedModel
        The second can be trained on with `TrainedModel.continue_training`, on a corpus of the same words.

    Raises
    ------
    TypeError
        If it is something else, or a key is no str.
    ValueError
        If the model cannot be one of ours; its ``wv`` can still be taken.
    """
    if hasattr(source, "wv"):
        return _from_word2vec(source)
    for name in ("index_to_key", "vectors"):
        if not hasattr(source, name):
            raise TypeError(f"source must be gensim's KeyedVectors or Word2Vec, got {type(source).__name__}")
    counts = getattr(source, "expandos", {}).get("count")
    vectors = np.array(source.vectors[: len(source.index_to_key)], dtype=np.float32)
    return WordVectors(source.index_to_key, vectors, counts)


def _from_word2vec(source: Any) -> TrainedModel:
    kind = type(source).__name__
    if hasattr(source, "dv") or hasattr(source.wv, "bucket"):  # Doc2Vec, FastText
        raise TypeError(f"source must be gensim's KeyedVectors or Word2Vec, got {kind} (its words alone: its wv)")
    if source.hs or not source.negative or getattr(source, "syn1neg", None) is None:
        raise ValueError(f"{kind} must be trained with negative samples and without hs (its vectors alone: its wv)")
    vectors = from_gensim(source.wv)
    assert isinstance(vectors, WordVectors)
    if vectors.counts is None:
        raise ValueError(f"{kind} must have the counts of its words (its vectors alone: its wv)")
    options = Options.judged(
        objective="sgns",
        architecture="skipgram" if source.sg else "cbow",
        vector_size=vectors.vector_size,
        window=int(source.window),
        negative=int(source.negative),
        ns_exponent=float(source.ns_exponent),
        sample=float(source.sample or 0),
        alpha=float(source.alpha),
        min_alpha=min(float(source.min_alpha), float(source.alpha)),
        epochs=int(source.epochs or 5),
        seed=int(source.seed or 0),
        tied=False,
        hs=False,
        device="cpu",
        shared_negatives=None,
        exact_negatives=False,
        shrink_windows=bool(getattr(source, "shrink_windows", True)),
        cbow_mean=bool(source.cbow_mean),
        held_out=0.0,
        init="gensim",
    )
    matrices = {"input": vectors.vectors, "output": np.array(source.syn1neg, dtype=np.float32, order="C")}
    if matrices["output"].shape != vectors.vectors.shape:
        raise ValueError(f"syn1neg must have the shape of the vectors, got {matrices['output'].shape}")
    corpus = {
        "n_tokens": int(getattr(source, "corpus_total_words", 0) or 0),
        "n_sentences": int(getattr(source, "corpus_count", 0) or 0),
        "crc32": 0,
    }
    return TrainedModel(Vocab(vectors.words, vectors.counts), options, State(), corpus, matrices)


def as_word_vectors(source: Any) -> WordVectors:
    """Return what holds vectors, ours or gensim's, as `WordVectors`; TypeError if it is none of them."""
    if isinstance(source, TrainedModel):
        return source.vectors
    if isinstance(source, WordVectors):
        return source
    vectors = from_gensim(getattr(source, "wv", source))
    assert isinstance(vectors, WordVectors)  # a wv has no wv
    return vectors


def load_with_gensim(path: str | os.PathLike[str], *, trust: bool = False) -> WordVectors:
    """Read the vectors of a file that only gensim can: a model with functions of yours in it, FastText, Doc2Vec, ...

    gensim's files are programs for the unpickler: reading one runs whatever it says. Do so only with files whose
    origin you trust; `fastqwem.models.KeyedVectors.load` and ``Word2Vec.load`` read most others without that risk.

    Parameters
    ----------
    path : path
        What a ``save`` of gensim wrote.
    trust : bool
        Must be True: yes, the file may run code.

    Returns
    -------
    WordVectors
        Of a model those of its words. Save them in our format and the file is needed no more.

    Raises
    ------
    ValueError
        Unless `trust` is True.
    ImportError
        If gensim, or what the file asks for, is not installed.
    TypeError
        If it holds no vectors, or keys that are no str.
    """
    if trust is not True:
        raise ValueError(f"trust must be True: gensim runs whatever {os.fspath(path)} tells it to, got {trust!r}")
    return as_word_vectors(_gensim("utils", "load_with_gensim").SaveLoad.load(os.fspath(path)))
