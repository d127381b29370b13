"""Builds the two extensions: _core (C++17, pybind11) and text._tokens (Cython).

``FASTQWEM_BUILD`` chooses the flags: release (default), debug, asan, ubsan, tsan, or werror (release with
every warning an error). The rest of the metadata is in pyproject.toml.
"""

import os
import sysconfig
from glob import glob

import pybind11
from Cython.Build import cythonize
from pybind11.setup_helpers import ParallelCompile, Pybind11Extension
from setuptools import Extension, setup

SANITIZE = ["-O1", "-g", "-fno-omit-frame-pointer", "-UNDEBUG"]
# mode -> (compile flags, link flags). No -march and no -ffast-math: instruction sets are chosen at run time.
MODES = {
    "release": (["-O3", "-g0"], []),
    "debug": (["-O0", "-g", "-UNDEBUG", "-D_GLIBCXX_ASSERTIONS"], []),
    "asan": ([*SANITIZE, "-fsanitize=address"], ["-fsanitize=address"]),
    "ubsan": (
        [*SANITIZE, "-fsanitize=undefined", "-fno-sanitize-recover=all"],
        ["-fsanitize=undefined"],
    ),
    "tsan": ([*SANITIZE, "-fsanitize=thread"], ["-fsanitize=thread"]),
    "werror": (
        ["-O3", "-g0", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror"],
        [],
    ),
}

mode = os.environ.get("FASTQWEM_BUILD", "release")
if mode not in MODES:
    raise SystemExit(f"FASTQWEM_BUILD must be one of {', '.join(MODES)}, got {mode!r}")
compile_flags, link_flags = MODES[mode]
# As system headers, so that the warnings are about our code only.
foreign = [f"-isystem{path}" for path in (pybind11.get_include(), sysconfig.get_path("include"))]

core = Pybind11Extension(
    "fastqwem._core",
    sorted(glob("csrc/**/*.cpp", recursive=True)),
    include_dirs=["csrc"],
    cxx_std=17,
    extra_compile_args=[*compile_flags, *foreign, "-pthread"],
    extra_link_args=[*link_flags, "-pthread"],
    define_macros=[("FQ_BUILD_MODE", f'"{mode}"')],
    depends=sorted(glob("csrc/**/*.h", recursive=True) + glob("csrc/**/*.inc", recursive=True)),
)
tokens = Extension(
    "fastqwem.text._tokens",
    ["fastqwem/text/_tokens.pyx"],
    language="c++",
    extra_compile_args=["-O3", "-std=c++17"],
)

with ParallelCompile("FASTQWEM_BUILD_JOBS", default=os.cpu_count() or 1):
    setup(ext_modules=[core, *cythonize([tokens], language_level=3)])
