"""Counts to eigenpairs: the target matrix as an operator, and the solver with its certificate."""

from .factorization import Factorization
from .factorize import factorize
from .solver import solve
from .spectrum import Certificate, Spectrum
from .start import SpectralStart
from .target import Target

__all__ = ["Certificate", "Factorization", "SpectralStart", "Spectrum", "Target", "factorize", "solve"]
