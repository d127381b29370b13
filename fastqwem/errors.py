"""The exceptions that fastqwem adds to Python's own.

Bad arguments raise ``ValueError`` or ``TypeError``; files that cannot be read or written raise ``OSError``
with errno and filename. The classes below say what those cannot.
"""

from __future__ import annotations

__all__ = ["ConvergenceError", "CorpusError", "DivergedError", "FastqwemError", "FormatError"]


class FastqwemError(Exception):
    """Base of all exceptions that only fastqwem raises."""


class CorpusError(FastqwemError, ValueError):
    """The text cannot become a corpus: no words left, an unreadable archive, a line without end."""


class FormatError(FastqwemError, ValueError):
    """A file is not what its reader expects: foreign, truncated, damaged or from a newer version."""


class ConvergenceError(FastqwemError, RuntimeError):
    """The eigensolver stopped before its certificate held.

    Attributes
    ----------
    spectrum : Spectrum or None
        What had been found, with the certificate that says how far it falls short.
    """

    def __init__(self, message: str, spectrum: object = None) -> None:
        super().__init__(message)
        self.spectrum = spectrum


class DivergedError(FastqwemError, ArithmeticError):
    """Training blew up: the loss is no longer finite.

    Attributes
    ----------
    epoch : int or None
        The epoch, or the step where there are no epochs, that ended so.
    alpha : float or None
        The learning rate, or size of the step, then.
    model : object
        What was being trained, as it was last known to be sound, or None.
    """

    def __init__(
        self, message: str, epoch: int | None = None, alpha: float | None = None, model: object = None
    ) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.alpha = alpha
        self.model = model
