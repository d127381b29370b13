"""Word embeddings computed in closed form from co-occurrence counts."""

from ._version import __version__
from .config import apply_environment, show_config
from .counts import Cooccurrence, count
from .spectral import Spectrum, Target, solve
from .text import Corpus, Vocab
from .vectors import WordVectors

apply_environment()

__all__ = [
    "Cooccurrence",
    "Corpus",
    "Spectrum",
    "Target",
    "Vocab",
    "WordVectors",
    "__version__",
    "count",
    "show_config",
    "solve",
]
