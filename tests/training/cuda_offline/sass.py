"""Machine code of kernels without a GPU or a driver: Numba compiles to PTX, ptxas to a cubin, nvdisasm reads it back.

The tools come with the extra ``cuda-offline``, or with a CUDA toolkit on PATH. What they tell is what the kernel will
do on the chip: registers, shared memory, spills, and every instruction with the source line that it came from.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

TOOLS = ("ptxas", "nvdisasm")
CAPABILITY = (9, 0)  # of the H100 and the H200
MOST_UNROLLED = 16  # rounds at a time

_FUNCTION = re.compile(r"^\.text\.(\S+):$")
_LABEL = re.compile(r"^(\.L_x_\d+):$")
_LINE = re.compile(r'//## File "([^"]+)", line (\d+)')
_INSTRUCTION = re.compile(r"^\s*/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)(.*?);")
_TARGET = re.compile(r"`\((\.L_x_\d+)\)")
_FLOAT64 = re.compile(r"^D(ADD|MUL|FMA|SETP|MNMX)\b|^MUFU\.\w*64H|^[FI]2[FI]\w*(\.\w+)*\.F64|^DMMA")


@dataclass(frozen=True)
class Instruction:
    """One machine instruction.

    Attributes
    ----------
    address : int
    opcode : str
        With its modifiers, such as "REDG.E.ADD.F32.FTZ.RN.STRONG.GPU".
    operands : str
    target : str or None
        The label that a branch goes to.
    source : (str, int) or None
        File and line that it was compiled from.
    """

    address: int
    opcode: str
    operands: str
    target: str | None
    source: tuple[str, int] | None


@dataclass(frozen=True)
class Loop:
    """A loop of the machine code: the addresses between the target of a backward branch and the branch.

    Attributes
    ----------
    first, last : int
        Addresses of its first and last instruction.
    sources : tuple of (str, int)
        Lines of the instructions that are in no loop within.
    own : Counter
        Opcodes without modifiers of the instructions that are in no loop within.
    unrolled : int
        Rounds of the source that are one of the code: the most that the line of its last branch, which is the head
        of the loop if anything of it is, adds at a time (to a counter of step 1).
    """

    first: int
    last: int
    sources: tuple[tuple[str, int], ...]
    own: Counter[str]
    unrolled: int


@dataclass(frozen=True)
class Kernel:
    """What ptxas and nvdisasm say of one kernel; bytes of shared memory, stack and spills are of one thread block."""

    registers: int
    shared: int
    stack: int
    spills: int
    instructions: tuple[Instruction, ...]
    labels: dict[str, int]

    @property
    def opcodes(self) -> Counter[str]:
        """How many instructions there are of each opcode, without modifiers."""
        return Counter(each.opcode.split(".")[0] for each in self.instructions)

    @property
    def faults(self) -> list[str]:
        """What a kernel must not have: spills, a stack, local memory, float64, atomics that wait for the old value."""
        found = [f"{name} of {size} bytes" for name, size in (("spills", self.spills), ("a stack", self.stack)) if size]
        for each in self.instructions:
            kind = each.opcode.split(".")[0]
            if kind in ("LDL", "STL"):
                found.append(f"local memory: {each.opcode} of {each.source}")
            elif kind in ("ATOMG", "ATOM"):
                found.append(f"an atomic that returns: {each.opcode} of {each.source}")
            elif _FLOAT64.match(each.opcode):
                found.append(f"float64: {each.opcode} of {each.source}")
        return found

    def loops(self) -> Iterator[Loop]:
        """Yield the loops, outer ones before those within."""
        ranges: dict[int, int] = {}  # branches back to one place are one loop, that ends with the last of them
        for each in self.instructions:
            begin = self.labels.get(each.target or "", each.address + 1)
            if begin < each.address or (begin == each.address and each.address != self.instructions[-1].address):
                ranges[begin] = max(ranges.get(begin, 0), each.address)
        ordered = sorted(ranges.items(), key=lambda pair: (pair[0], -pair[1]))
        for begin, end in ordered:
            within = [pair for pair in ordered if pair != (begin, end) and begin <= pair[0] and pair[1] <= end]
            own = [
                each
                for each in self.instructions
                if begin <= each.address <= end and not any(a <= each.address <= b for a, b in within)
            ]
            if all(each.opcode == "BRA" for each in own):
                continue  # the endless branch to itself behind a kernel's end
            sources = tuple(sorted({each.source for each in own if each.source}))
            kinds = Counter(each.opcode.split(".")[0] for each in own)
            yield Loop(begin, end, sources, kinds, _unrolled(own))


def _unrolled(own: list[Instruction]) -> int:
    head = own[-1].source
    added = [
        min(int(found[1], 16), 2**32 - int(found[1], 16))  # of 32 bits, perhaps negative
        for each in own
        if each.source == head and each.opcode in ("VIADD", "IADD3", "UIADD3")
        for found in re.finditer(r", -?0x([0-9a-f]+)\b", each.operands)
    ]
    return max((count for count in added if count <= MOST_UNROLLED), default=1)


def missing() -> str | None:
    """Return what a compile lacks here, in words; None if nothing."""
    for name in ("numba", "numba_cuda"):
        if util.find_spec(name) is None:
            return f"{name} is not installed"
    if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") != "0":
        return "NUMBA_ENABLE_CUDASIM is set"
    lacking = [name for name in TOOLS if tool(name) is None]
    return f"{' and '.join(lacking)} not found" if lacking else None


def tool(name: str) -> str | None:
    """Return the path of a tool: of the wheels if they are installed, else from PATH or the usual folder."""
    spec = util.find_spec("nvidia")
    wheels = [Path(each) / "cu13" / "bin" for each in (spec.submodule_search_locations or [] if spec else [])]
    folders = [*map(str, wheels), os.environ.get("PATH", ""), "/usr/local/cuda/bin"]
    return shutil.which(name, path=os.pathsep.join(folders))


def compiled(kernel: Any, signature: Any, capability: tuple[int, int] = CAPABILITY) -> Kernel:
    """Compile a kernel for a compute capability, with the flags it was declared with.

    Parameters
    ----------
    kernel : what ``cuda.jit`` returns
    signature : tuple or numba signature
        The types of its arguments.
    """
    from numba import cuda

    options = {
        name: kernel.targetoptions[name] for name in ("fastmath", "max_registers") if name in kernel.targetoptions
    }
    registers = options.pop("max_registers", None)
    with _device_functions(capability):
        ptx, _ = cuda.compile(
            kernel.py_func, signature, device=False, abi="numba", cc=capability, output="ptx", lineinfo=True, **options
        )
    return assembled(ptx, capability, registers)


@contextmanager
def _device_functions(capability: tuple[int, int]) -> Iterator[None]:
    """Let functions that the kernel calls compile without a device to ask, and with the lines they are from."""
    from numba.cuda import dispatcher

    def compile_cuda(*arguments: Any, **options: Any) -> Any:
        return original(*arguments, **(options | {"lineinfo": True}))

    original = dispatcher.compile_cuda
    device = SimpleNamespace(compute_capability=capability)
    with (
        mock.patch.object(dispatcher, "get_current_device", lambda: device),
        mock.patch.object(dispatcher, "compile_cuda", compile_cuda),
    ):
        yield


def assembled(ptx: str, capability: tuple[int, int] = CAPABILITY, registers: int | None = None) -> Kernel:
    """Assemble PTX that holds one kernel, and read the result."""
    architecture = f"sm_{capability[0]}{capability[1]}"
    limit = [f"-maxrregcount={registers}"] if registers else []
    with tempfile.TemporaryDirectory() as folder:
        source, cubin = Path(folder) / "kernel.ptx", Path(folder) / "kernel.cubin"
        source.write_text(ptx, encoding="utf-8")
        said = _run("ptxas", f"-arch={architecture}", "-v", *limit, str(source), "-o", str(cubin))
        return read(said, _run("nvdisasm", "-g", "-c", str(cubin)))


def read(said: str, listing: str) -> Kernel:
    """Return what ``ptxas -v`` said and ``nvdisasm -g -c`` lists of one kernel."""
    instructions, labels, source, waiting = [], {}, None, []
    for line in listing.splitlines():
        if found := _LINE.search(line):
            source = found[1], int(found[2])
        elif found := _LABEL.match(line):
            waiting.append(found[1])
        elif found := _INSTRUCTION.match(line):
            address = int(found[1], 16)
            labels |= dict.fromkeys(waiting, address)
            waiting = []
            target = _TARGET.search(found[3]) if found[2].split(".")[0] == "BRA" else None
            instructions.append(Instruction(address, found[2], found[3], target[1] if target else None, source))
    if len(re.findall(_FUNCTION.pattern, listing, re.M)) != 1 or not instructions:
        raise ValueError("the listing must be that of one kernel")
    sizes = {
        name: int(found[1]) if (found := re.search(pattern, said)) else 0
        for name, pattern in {
            "registers": r"Used (\d+) registers", "shared": r"(\d+) bytes smem", "stack": r"(\d+) bytes stack frame",
            "stores": r"(\d+) bytes spill stores", "loads": r"(\d+) bytes spill loads",
        }.items()
    }  # fmt: skip
    if not sizes["registers"]:
        raise ValueError(f"ptxas tells no registers: {said!r}")
    spills = sizes["stores"] + sizes["loads"]
    return Kernel(sizes["registers"], sizes["shared"], sizes["stack"], spills, tuple(instructions), labels)


def _run(name: str, *arguments: str) -> str:
    program = tool(name)
    if program is None:
        raise FileNotFoundError(f"{name} is not found: pip install 'fastqwem[cuda-offline]'")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr or done.stdout}")
    return done.stdout + done.stderr
