"""Word embeddings from large corpora: in closed form from co-occurrence counts, or by gradient descent."""

try:
    from . import _core as _core
except ImportError as error:
    raise ImportError(
        f"fastqwem's compiled module is not in {__path__[0]}: if that is the source folder, leave it before importing "
        "an installed fastqwem, or install in place with: pip install -e ."
    ) from error

from ._version import __version__
from .config import apply_environment, show_config
from .counts import Cooccurrence, count
from .spectral import Factorization, SpectralStart, Spectrum, Target, factorize, solve
from .text import Corpus, Vocab
from .training import FullBatchResult, TrainedModel, resume, train, train_full_batch
from .vectors import WordVectors

apply_environment()

__all__ = [
    "Cooccurrence",
    "Corpus",
    "Factorization",
    "FullBatchResult",
    "SpectralStart",
    "Spectrum",
    "Target",
    "TrainedModel",
    "Vocab",
    "WordVectors",
    "__version__",
    "count",
    "factorize",
    "resume",
    "show_config",
    "solve",
    "train",
    "train_full_batch",
]
