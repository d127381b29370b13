"""From ids to co-occurrence counts."""

from .cooccurrence import Cooccurrence
from .counting import count
from .window import window_weights

__all__ = ["Cooccurrence", "count", "window_weights"]
