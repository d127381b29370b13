"""The GPU as training meets it: there or not, roomy enough or not, and its failures in one kind of exception."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ... import cuda
from ...errors import DeviceError

__all__ = ["check_memory", "guarded", "load_cuda"]

load_cuda = cuda.load

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_ADVICE = (
    ("OUT_OF_MEMORY", "its memory is full: lower vector_size or the vocabulary, or close other programs that use it"),
    ("UNSUPPORTED_PTX", "the driver is older than the CUDA toolkit that compiled the kernel: update the driver"),
    ("LAUNCH_OUT_OF_RESOURCES", "the kernel needs more than one multiprocessor has: lower vector_size or window"),
    ("NO_BINARY_FOR_GPU", "the CUDA toolkit knows no such GPU: update it"),
)


def check_memory(needed: int, what: Mapping[str, int]) -> None:
    """Raise DeviceError unless the GPU has so much memory free, before anything is allocated.

    Parameters
    ----------
    needed : int
        Bytes.
    what : mapping
        The bytes of each part, for the message.
    """
    free, total = cuda.memory()
    if needed <= free:
        return
    parts = ", ".join(f"{name} {size_in_words(size)}" for name, size in what.items())
    raise DeviceError(
        f"training needs {size_in_words(needed)} of the GPU's memory ({parts}), and {size_in_words(free)} of "
        f"{size_in_words(total)} are free: lower vector_size or max_vocab, or raise min_count"
    )


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turn what CUDA and its compilers raise into DeviceError; other exceptions pass.

    Parameters
    ----------
    doing : str
        What fails, for the message: ``f"the GPU failed {doing}"``, as in "in epoch 2".
    """
    try:
        yield
    except Exception as error:
        if not _is_cudas(error):
            raise
        text = " ".join(str(error).split())
        advice = next((advice for mark, advice in _ADVICE if mark in text), "")
        raise DeviceError(f"the GPU failed {doing}: {text}" + (f"; {advice}" if advice else "")) from error


def size_in_words(size: int) -> str:
    """Return bytes as text, such as "1.5 GiB"."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def _is_cudas(error: BaseException) -> bool:
    """Tell whether an exception, or one it derives from, is one of the CUDA packages' own."""
    homes = [kind.__module__ for kind in type(error).__mro__]
    return any(home.startswith(("numba.cuda.cudadrv", "numba_cuda.", "cuda.bindings", "cuda.core")) for home in homes)
