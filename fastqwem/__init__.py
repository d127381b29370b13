"""Word embeddings computed in closed form from co-occurrence counts."""

from ._version import __version__
from .config import apply_environment, show_config

apply_environment()

__all__ = ["__version__", "show_config"]
