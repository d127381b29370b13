"""Our classes under gensim's names, for programs whose imports one cannot edit."""

from __future__ import annotations

import importlib
import importlib.util
import sys

__all__ = ["patch"]

_CLASSES = {
    "keyedvectors": ("KeyedVectors",),
    "word2vec": ("Word2Vec",),
    "phrases": ("Phrases", "FrozenPhrases", "Phraser"),
    "callbacks": (),
}


def patch() -> None:
    """Let ``gensim.models.word2vec``, ``.keyedvectors``, ``.phrases`` and ``.callbacks`` be ours in this process.

    Call it before the program imports gensim's classes. gensim must be installed: everything else of it stays its
    own, FastText and Doc2Vec included.

    Raises
    ------
    ImportError
        If gensim is not installed.
    """
    import gensim.models  # the whole of it first, so that its other modules keep the classes they build on

    for name, classes in _CLASSES.items():
        if importlib.util.find_spec(f"{__package__}.{name}") is None:
            continue
        ours = importlib.import_module(f".{name}", __package__)
        sys.modules[f"gensim.models.{name}"] = ours
        setattr(gensim.models, name, ours)
        for item in classes:
            setattr(gensim.models, item, getattr(ours, item))
