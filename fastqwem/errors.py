"""The exceptions that fastqwem adds to Python's own.

Bad arguments raise ``ValueError`` or ``TypeError``; files that cannot be read or written raise ``OSError``
with errno and filename. The classes below say what those cannot.
"""

from __future__ import annotations

__all__ = [
    "ConvergenceError",
    "CorpusError",
    "DeviceError",
    "DivergedError",
    "FastqwemError",
    "FormatError",
    "TrainingInterrupted",
    "TruncatedError",
]


class FastqwemError(Exception):
    """Base of all exceptions that only fastqwem raises."""


class CorpusError(FastqwemError, ValueError):
    """The text cannot become a corpus: no words left, an unreadable archive, a line without end."""


class FormatError(FastqwemError, ValueError):
    """A file is not what its reader expects: foreign, truncated, damaged or from a newer version."""


class TruncatedError(FormatError, EOFError):
    """A file ends before all that its beginning promises."""


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


class DeviceError(FastqwemError, RuntimeError):
    """The GPU cannot be used, or failed; the message says why and what to do."""


class DivergedError(FastqwemError, ArithmeticError):
    """Training left the finite numbers: the learning rate is too high.

    Attributes
    ----------
    epoch : int
        In which it happened, from 1; for the full-batch road, the step.
    alpha : float
        The learning rate, or size of the step, there.
    model : TrainedModel, FullBatchResult or None
        What was being trained: the model as it broke, for its history, or the last sound result of the full-batch
        road.
    """

    def __init__(self, message: str, epoch: int, alpha: float, model: object = None) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.alpha = alpha
        self.model = model


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C while training.

    Attributes
    ----------
    model : TrainedModel, FullBatchResult or None
        Partly trained; `fastqwem.resume` goes on with a `TrainedModel`.
    """

    def __init__(self, message: str, model: object) -> None:
        super().__init__(message)
        self.model = model
