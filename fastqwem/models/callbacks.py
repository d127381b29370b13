"""What programs derive from to be told how training goes."""

from __future__ import annotations

from typing import Any

__all__ = ["CallbackAny2Vec"]


class CallbackAny2Vec:
    """Four methods that do nothing; override those of interest.

    Each gets the model, whose vectors are then those of that moment, and may change them. An exception ends training
    and reaches the caller of `train`; the model keeps what was learnt.

    Examples
    --------
    >>> class Losses(CallbackAny2Vec):
    ...     def on_epoch_end(self, model):
    ...         print(model.history_[-1].loss)
    """

    def on_train_begin(self, model: Any) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, model: Any) -> None:
        """Before each epoch."""

    def on_epoch_end(self, model: Any) -> None:
        """After each epoch."""

    def on_train_end(self, model: Any) -> None:
        """After the last epoch."""
