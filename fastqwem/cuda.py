"""Whether this machine has a GPU to train on, and if not, why.

Numba is imported when first asked: importing fastqwem stays quick, and works without it. Numba's own CUDA target and
the package numba-cuda, which takes its place where installed, are both understood, and so is the simulator of both
(``NUMBA_ENABLE_CUDASIM=1`` before Numba is first imported), which counts as a GPU.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module, util
from typing import Any

from .errors import DeviceError

__all__ = ["describe", "is_available", "is_simulated", "load", "memory", "why_not"]

LEAST_CAPABILITY = (7, 0)
"""Threads of a warp that advance on their own, which began with Volta; CUDA 13 itself compiles for 7.5 and later."""

EXTRA = "pip install 'fastqwem[cuda]'"
_DRIVER_OF = {12: 525, 13: 580}  # the first driver of each major version of CUDA, by NVIDIA's table of compatibility


def is_available() -> bool:
    """Tell whether ``device="cuda"`` can be used here; `why_not` says what is missing."""
    return why_not() is None


def why_not() -> str | None:
    """Return why there is no GPU to use here and what to do about it, in words; None if there is one."""
    try:
        load()
    except DeviceError as error:
        return str(error)
    return None


def memory() -> tuple[int, int]:
    """Return the free and the total memory of the GPU, in bytes.

    The first call starts CUDA in this process, which takes some of it. Under the simulator both are ``sys.maxsize``.

    Raises
    ------
    DeviceError
        If there is no GPU, or it could not be started.
    """
    cuda = load()
    if is_simulated():
        return sys.maxsize, sys.maxsize
    try:
        free, total = cuda.current_context().get_memory_info()
    except Exception as error:
        raise DeviceError(f"the GPU could not be started ({error}): is it in use by another program?") from error
    return int(free), int(total)


def describe() -> str:
    """Return what `fastqwem.show_config` says: the name of the GPU, or why there is none."""
    try:
        cuda = load()
    except DeviceError as error:
        return f"not usable: {error}"
    if is_simulated():
        return "Numba's simulator"
    device = _device(cuda)
    name = device.name.decode() if isinstance(device.name, bytes) else device.name
    major, minor = device.compute_capability
    driver, toolkit = _driver(cuda).get_version(), cuda.runtime.get_version()
    return f"{name} (compute capability {major}.{minor}), driver for CUDA {_dotted(driver)}, toolkit {_dotted(toolkit)}"


def is_simulated() -> bool:
    """Tell whether Numba, which must be installed, simulates the GPU."""
    return bool(import_module("numba").config.ENABLE_CUDASIM)


def load() -> Any:
    """Return the module `numba.cuda`, once sure that kernels can run.

    Raises
    ------
    DeviceError
        If not; names the first thing missing, from Numba to the GPU, and what to do.
    """
    cuda = _imported()
    if is_simulated():
        return cuda
    _check_driver(cuda)
    _check_toolkit(cuda)
    _check_device(cuda)
    return cuda


def _imported() -> Any:
    if util.find_spec("numba") is None:
        raise DeviceError(f"Numba is not installed: {EXTRA}")
    try:
        from numba import cuda
    except Exception as error:  # a half-installed CUDA package raises anything
        raise DeviceError(f"Numba's CUDA target cannot be imported ({_brief(error)}): {EXTRA}") from error
    return cuda


def _driver(cuda: Any) -> Any:
    return cuda.cudadrv.driver.driver


def _check_driver(cuda: Any) -> None:
    """Start the driver, or say why it does not start."""
    driver = _driver(cuda)
    try:
        driver.ensure_initialized()
        problem = driver.initialization_error
    except Exception as error:
        problem = driver.initialization_error or _brief(error)
    if problem is None:
        return
    if "NUMBA_DISABLE_CUDA" in problem:
        raise DeviceError("Numba's CUDA target is switched off: unset NUMBA_DISABLE_CUDA")
    if "cannot be found" in problem:
        raise DeviceError("no NVIDIA driver was found (libcuda.so): is there an NVIDIA GPU, with its driver installed?")
    if "NO_DEVICE" in problem:
        raise DeviceError(_no_device())
    if "MISMATCH" in problem or "COMPAT_NOT_SUPPORTED" in problem or "INSUFFICIENT_DRIVER" in problem:
        raise DeviceError(f"the parts of the NVIDIA driver do not match ({_line(problem)}): update it, or reboot")
    raise DeviceError(f"the NVIDIA driver did not start ({_line(problem)}): does nvidia-smi work?")


def _check_toolkit(cuda: Any) -> None:
    """See whether Numba finds a compiler, and one that the driver is new enough for."""
    try:
        toolkit = cuda.runtime.get_version()
        complete = cuda.cudadrv.nvvm.is_available()
    except Exception as error:
        raise DeviceError(f"Numba finds no CUDA toolkit ({_brief(error)}): {EXTRA}") from error
    if not complete:
        raise DeviceError(f"Numba finds no compiler for the GPU (libNVVM): {EXTRA}")
    driver = _driver(cuda).get_version()
    if driver[0] < toolkit[0]:
        wanted = _DRIVER_OF.get(toolkit[0])
        least = f" to {wanted} or later" if wanted else ""
        raise DeviceError(
            f"the NVIDIA driver is too old: it knows CUDA up to {_dotted(driver)}, and Numba uses CUDA "
            f"{_dotted(toolkit)}: update the driver{least}, or pip install 'numba-cuda[cu{driver[0]}]'"
        )


def _check_device(cuda: Any) -> None:
    """See whether there is a GPU, and one that is new enough."""
    device = _device(cuda)
    found = tuple(device.compute_capability)
    if found < LEAST_CAPABILITY:
        raise DeviceError(
            f"the GPU is too old: its compute capability is {_dotted(found)}, the kernels need at least "
            f"{_dotted(LEAST_CAPABILITY)}"
        )


def _device(cuda: Any) -> Any:
    """Return the selected GPU, or the first, without starting a context."""
    try:
        if len(cuda.gpus) == 0:
            raise DeviceError(_no_device())
        return cuda.gpus.current or cuda.gpus[0]
    except DeviceError:
        raise
    except Exception as error:
        raise DeviceError(f"the GPU does not answer ({_brief(error)}): does nvidia-smi work?") from error


def _no_device() -> str:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return "the NVIDIA driver sees no GPU: does nvidia-smi list one?"
    return f"the NVIDIA driver sees no GPU: CUDA_VISIBLE_DEVICES={visible!r} may hide it"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _line(text: str) -> str:
    return " ".join(text.split())


def _brief(error: BaseException) -> str:
    return _line(f"{type(error).__name__}: {error}")
