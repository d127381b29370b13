"""Whether there is a GPU, and why not: each cause by a stand-in for Numba's module, and this machine as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fastqwem import cuda
from fastqwem.errors import DeviceError
from fastqwem.training.cuda import device

GIB = 1 << 30


class Driver:
    """Numba's driver object: what it says of itself, and how it fails to start."""

    def __init__(self, problem=None, version=(13, 0), raises=None):
        self.initialization_error, self.version, self.raises = problem, version, raises

    def ensure_initialized(self):
        if self.raises:
            raise self.raises

    def get_version(self):
        return self.version


class Gpus(list):
    current = None


def numba_cuda(driver=None, toolkit=(13, 0), compiler=True, capabilities=((9, 0),), free=8 * GIB):
    """A stand-in for `numba.cuda` on a machine with a GPU, less what a test takes away."""

    def version():
        if toolkit is None:
            raise OSError("library nvrtc not found")
        return toolkit

    def context():
        if free is None:
            raise RuntimeError("CUDA_ERROR_DEVICE_UNAVAILABLE")
        return SimpleNamespace(get_memory_info=lambda: (free, 80 * GIB))

    return SimpleNamespace(
        cudadrv=SimpleNamespace(
            driver=SimpleNamespace(driver=driver or Driver()), nvvm=SimpleNamespace(is_available=lambda: compiler)
        ),
        runtime=SimpleNamespace(get_version=version),
        gpus=Gpus(SimpleNamespace(name=b"NVIDIA H200", compute_capability=each) for each in capabilities),
        current_context=context,
    )


@pytest.fixture
def machine(monkeypatch):
    """A function that makes `fastqwem.cuda` see a stand-in."""
    monkeypatch.setattr(cuda, "is_simulated", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def become(**changes):
        module = numba_cuda(**changes)
        monkeypatch.setattr(cuda, "_imported", lambda: module)
        return module

    return become


# In Numba's own words: `DRIVER_NOT_FOUND_MSG`, and "Call to cuInit results in NAME (code)" for what cuInit returns.
CAUSES = {
    "no driver": (
        {"driver": Driver("\nCUDA driver library cannot be found.\nIf you are sure")},
        r"no NVIDIA driver was found \(libcuda\.so\)",
    ),
    "switched off": (
        {"driver": Driver("CUDA is disabled due to setting NUMBA_DISABLE_CUDA=1 in the environment")},
        "switched off: unset NUMBA_DISABLE_CUDA",
    ),
    "no device, by the driver": (
        {"driver": Driver("Call to cuInit results in CUDA_ERROR_NO_DEVICE (100)")},
        "the NVIDIA driver sees no GPU: does nvidia-smi",
    ),
    "no device, by the list": ({"capabilities": ()}, "the NVIDIA driver sees no GPU: does nvidia-smi"),
    "parts of the driver": (
        {"driver": Driver("Call to cuInit results in CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)")},
        "do not match .*MISMATCH.*update it, or reboot",
    ),
    "another error of the driver": (
        {"driver": Driver("Call to cuInit results in\nCUDA_ERROR_UNKNOWN (999)")},
        r"did not start \(Call to cuInit results in CUDA_ERROR_UNKNOWN \(999\)\): does nvidia-smi work",
    ),
    "an exception of the driver": (
        {"driver": Driver(raises=RuntimeError("no symbol"))},
        r"did not start \(RuntimeError: no symbol\)",
    ),
    "no toolkit": (
        {"toolkit": None},
        r"no CUDA toolkit \(OSError: library nvrtc not found\): pip install 'fastqwem\[cuda",
    ),
    "no compiler": ({"compiler": False}, r"no compiler for the GPU \(libNVVM\): pip install 'fastqwem\[cuda"),
    "old driver": (
        {"driver": Driver(version=(12, 4))},
        r"too old: it knows CUDA up to 12\.4, and Numba uses CUDA 13\.0: update the driver to 580 or later, or pip "
        r"install 'numba-cuda\[cu12\]'",
    ),
    "old GPU": ({"capabilities": [(6, 1)]}, r"the GPU is too old: its compute capability is 6\.1, .* at least 7\.0"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_own_words(machine, cause):
    changes, words = CAUSES[cause]
    machine(**changes)
    assert not cuda.is_available()
    with pytest.raises(DeviceError, match=words) as caught:
        device.load_cuda()
    assert cuda.why_not() == str(caught.value)
    assert "\n" not in str(caught.value)
    assert cuda.describe() == f"not usable: {caught.value}"
    with pytest.raises(DeviceError, match=words):
        cuda.memory()


def test_hidden_devices_are_named(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine(capabilities=())
    assert cuda.why_not() == "the NVIDIA driver sees no GPU: CUDA_VISIBLE_DEVICES='' may hide it"


def test_a_driver_newer_than_the_toolkit_or_of_its_major_version_will_do(machine):
    for version in ((13, 0), (13, 2), (14, 0)):
        machine(driver=Driver(version=version), toolkit=(13, 1))
        assert cuda.is_available()


def test_a_gpu(machine):
    module = machine()
    assert cuda.is_available() and cuda.why_not() is None and device.load_cuda() is module
    assert cuda.memory() == (8 * GIB, 80 * GIB)
    assert cuda.describe() == "NVIDIA H200 (compute capability 9.0), driver for CUDA 13.0, toolkit 13.0"


def test_the_selected_gpu_counts(machine):
    module = machine(capabilities=[(9, 0), (6, 1)])
    assert cuda.is_available()
    module.gpus.current = module.gpus[1]
    assert "6.1" in cuda.why_not()


def test_a_gpu_that_does_not_start(machine):
    machine(free=None)
    with pytest.raises(DeviceError, match=r"could not be started \(CUDA_ERROR_DEVICE_UNAVAILABLE\): is it in use"):
        cuda.memory()


def test_numba_is_missing(monkeypatch):
    monkeypatch.setattr(cuda.util, "find_spec", lambda name: None)
    assert cuda.why_not() == "Numba is not installed: pip install 'fastqwem[cuda]'"


def test_numba_is_broken(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setitem(sys.modules, "numba", None)  # what Python itself does to forbid an import
    monkeypatch.setattr(cuda.util, "find_spec", lambda name: object())
    assert cuda.why_not().startswith("Numba's CUDA target cannot be imported (ModuleNotFoundError: ")
    assert cuda.why_not().endswith("pip install 'fastqwem[cuda]'")


def test_memory_that_does_not_suffice_is_told_part_by_part(machine):
    machine(free=3 * GIB)
    device.check_memory(3 * GIB, {"vectors": 3 * GIB})
    with pytest.raises(DeviceError) as caught:
        device.check_memory(3 * GIB + 1, {"vectors": 3 * GIB - 1536 * 1024, "corpus": 1536 * 1024, "flags": 1})
    assert str(caught.value) == (
        "training needs 3.0 GiB of the GPU's memory (vectors 3.0 GiB, corpus 1.5 MiB, flags 1 bytes), and 3.0 GiB of "
        "80.0 GiB are free: lower vector_size or max_vocab, or raise min_count"
    )


class CudaAPIError(Exception):
    """As Numba's, by name and home."""


CudaAPIError.__module__ = "numba.cuda.cudadrv.driver"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("[700] Call to cuStreamSynchronize results in\nCUDA_ERROR_ILLEGAL_ADDRESS", ""),
        ("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY", "; its memory is full: lower vector_size"),
        ("[222] Call to cuLinkAddData results in CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "; the driver is older than"),
    ],
)
def test_failures_of_the_device_become_one_exception(text, advice):
    with pytest.raises(DeviceError) as caught, device.guarded("in epoch 2"):
        raise CudaAPIError(text)
    shown = str(caught.value)
    assert shown.startswith(f"the GPU failed in epoch 2: {' '.join(text.split())}{advice}")
    assert bool(advice) or shown.endswith("ADDRESS")
    assert isinstance(caught.value.__cause__, CudaAPIError)


@pytest.mark.parametrize("error", [ValueError("a bug of ours"), KeyboardInterrupt()])
def test_other_failures_stay_what_they_are(error):
    with pytest.raises(type(error)) as caught, device.guarded("in epoch 2"):
        raise error
    assert caught.value is error


def python(code, **environment):
    """Run code in a fresh interpreter and return what it prints."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "CUDA_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables | environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_numba_is_not_imported_before_it_is_asked_for():
    code = "import sys, fastqwem as f; print('numba' in sys.modules); f.cuda.why_not(); print('numba' in sys.modules)"
    before, after = python(code).split()
    pytest.importorskip("numba")
    assert (before, after) == ("False", "True")


def test_this_machine():
    """A GPU here is described; none is a reason, in one sentence, and never an exception."""
    code = "from fastqwem import cuda; print(cuda.is_available()); print(cuda.why_not()); print(cuda.describe())"
    available, why, shown = python(code).split("\n")
    if available == "True":
        assert why == "None" and "compute capability" in shown
    else:
        assert shown == f"not usable: {why}"
        known = ("Numba", "no NVIDIA driver", "the NVIDIA driver", "the GPU", "the parts of")
        assert why.startswith(known) and ": " in why


def test_a_switched_off_target():
    pytest.importorskip("numba")
    shown = python("from fastqwem import cuda; print(cuda.why_not())", NUMBA_DISABLE_CUDA="1")
    assert shown == "Numba's CUDA target is switched off: unset NUMBA_DISABLE_CUDA"


def test_the_simulator_counts_as_a_gpu():
    pytest.importorskip("numba")
    code = (
        "from fastqwem import cuda; from fastqwem.training.cuda import device; import sys\n"
        "device.check_memory(1 << 50, {})\n"
        "print(cuda.is_available(), cuda.memory() == (sys.maxsize, sys.maxsize), cuda.describe())"
    )
    assert python(code, NUMBA_ENABLE_CUDASIM="1") == "True True Numba's simulator"


TRAIN = """
import fastqwem
from fastqwem import cli, cuda

corpus = fastqwem.Corpus.from_sentences([["a", "b", "c"]] * 20, min_count=1, progress=False)
try:
    fastqwem.train(corpus, device="cuda", vector_size=32, epochs=1, progress=False)
except fastqwem.errors.DeviceError as error:
    print(cuda.why_not() in str(error))
    print(cli.main(["train", "text", "-o", "out.fqv", "--min-count", "1", "--device", "cuda"]))
else:
    print("trained")
"""


def test_training_without_a_gpu_raises_and_says_why(tmp_path, monkeypatch):
    """No silent run on the CPU, in Python or on the command line, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("a b c\n" * 20)
    said = python(TRAIN)
    if said == "trained":
        pytest.skip("there is a GPU")
    assert said.split() == ["True", "1"]
    assert not Path("out.fqv").exists()
