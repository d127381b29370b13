"""Counts to eigenpairs: the target matrix as an operator, and the solver with its certificate."""

from .solver import solve
from .spectrum import Certificate, Spectrum
from .target import Target

__all__ = ["Certificate", "Spectrum", "Target", "solve"]
