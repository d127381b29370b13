"""Models as files: all that is needed to use one, or to go on from exactly where it stopped."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError
from ..storage import pack_words, read_container, release_pages, unpack_words, write_container
from ..text.vocab import Vocab
from .model import TrainedModel
from .options import Options
from .state import Moments, State

if TYPE_CHECKING:
    from ..text.corpus import Corpus

__all__ = ["fingerprint", "read_model", "write_model"]

_KIND, _VERSION = "model", 1
_MOMENTS = ("mu", "sigma", "nu", "pi")
_SAMPLES, _SAMPLE = 256, 1024


def fingerprint(corpus: Corpus) -> dict[str, int]:
    """Return what tells a corpus from others: sizes, and a checksum of up to 256 stretches of ids and of offsets."""
    crc = 0
    for array in (corpus.ids, corpus.offsets):
        step = max(_SAMPLE, len(array) // _SAMPLES)
        for at in range(0, len(array), step):
            crc = zlib.crc32(np.ascontiguousarray(array[at : at + _SAMPLE]).view(np.uint8), crc)
        crc = zlib.crc32(np.ascontiguousarray(array[-_SAMPLE:]).view(np.uint8), crc)
        release_pages(array)
    return {"n_tokens": corpus.n_tokens, "n_sentences": corpus.n_sentences, "crc32": crc}


def write_model(model: TrainedModel, path: str | os.PathLike[str]) -> None:
    """Save a model, live or not, atomically and without copying its matrices.

    The file is a container (see `fastqwem.storage`) of format ``fastqwem.model``, version 1, with

    - ``input``, ``output``, ``nodes`` (F32), those that the model has;
    - ``words``, ``word_ends`` and ``counts``, its vocabulary;
    - ``mu``, ``sigma``, ``nu``, ``pi`` (F32), if it stopped amid a span of exact negatives;
    - ``options``, ``state`` and ``corpus`` in the header.
    """
    arrays: dict[str, Any] = dict(model._live_or_kept())
    arrays |= pack_words(model.vocab.words) | {"counts": model.vocab.counts}
    arrays |= dict(zip(_MOMENTS, model._state.moments or (), strict=False))
    header = {"options": model.options.to_json(), "state": model._state.to_json(), "corpus": model.corpus}
    write_container(path, _KIND, _VERSION, header, arrays)


def read_model(path: str | os.PathLike[str], *, mmap: bool = False) -> TrainedModel:
    """Load what `write_model` wrote; the checksum is verified even if the matrices are mapped.

    Raises
    ------
    FormatError
        If the file is foreign, damaged or newer.
    OSError
        If it cannot be read.
    """
    header, arrays = read_container(path, _KIND, _VERSION, mmap=mmap, verify=True)
    try:
        vocab = Vocab(unpack_words(arrays), np.array(arrays["counts"]))
        options = Options.from_json(header["options"])
        state = State.from_json(header["state"], _moments(arrays, options.vector_size))
        matrices = {name: arrays[name] for name in options.matrices}
        corpus = {name: int(header["corpus"][name]) for name in ("n_tokens", "n_sentences", "crc32")}
        for name, matrix in matrices.items():
            shape = (len(vocab) - (name == "nodes"), options.vector_size)
            if matrix.shape != shape or matrix.dtype != np.float32:
                raise ValueError(f"{name} is {matrix.dtype} {matrix.shape}, not float32 {shape}")
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{os.fspath(path)}: a damaged model ({error})") from None
    return TrainedModel(vocab, options, state, corpus, matrices)


def _moments(arrays: dict[str, Any], d: int) -> Moments | None:
    if "mu" not in arrays:
        return None
    mu, sigma, nu, pi = (np.array(arrays[name], dtype=np.float32) for name in _MOMENTS)
    if not mu.shape == nu.shape == (d,) or not sigma.shape == pi.shape == (d, d):
        raise ValueError("the moments do not fit vector_size")
    return mu, sigma, nu, pi
