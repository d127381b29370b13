"""Instruction sets with kernels of their own."""

from fastqwem import _core

ALL = _core.available_isas()
"""For the solver of rows."""
COMMON = [name for name in ALL if name != "avx512vnni"]
"""For all other kernels, which are those of AVX-512 where there is VNNI."""
