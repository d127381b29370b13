"""Handing vectors and models over to other programs, and taking theirs; nothing of it is loaded until asked for."""

from .gensim_objects import from_gensim, load_with_gensim, to_gensim
from .indexes import WordIndex, to_faiss, to_usearch

__all__ = ["WordIndex", "from_gensim", "load_with_gensim", "to_faiss", "to_gensim", "to_usearch"]
