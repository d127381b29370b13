"""gensim's face: programs written for gensim 4's word2vec run by changing one word in their imports.

Nothing here is an algorithm: the classes are thin over `fastqwem.vectors`, `fastqwem.training` and `fastqwem.text`.
A name is imported when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .keyedvectors import KeyedVectors as KeyedVectors
    from .phrases import FrozenPhrases as FrozenPhrases
    from .phrases import Phraser as Phraser
    from .phrases import Phrases as Phrases
    from .substitute import patch as patch
    from .word2vec import Word2Vec as Word2Vec

__all__ = ["FrozenPhrases", "KeyedVectors", "Phraser", "Phrases", "Word2Vec", "patch"]

_WHERE = {
    "KeyedVectors": "keyedvectors",
    "FrozenPhrases": "phrases",
    "Phraser": "phrases",
    "Phrases": "phrases",
    "Word2Vec": "word2vec",
    "patch": "substitute",
}
_MODULES = {"callbacks", "keyedvectors", "phrases", "word2vec"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE, *_MODULES})
