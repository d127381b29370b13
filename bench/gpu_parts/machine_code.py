"""Prints JSON about the machine code of a kernel and of the one that draws: ``machine_code.py KIND SIZE``.

Registers, shared memory, and of each loop its own instructions for a round of the source, and the loop there,
"FILE:LINE", that it is from. In a process of its own, since Numba either simulates or compiles.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def source_loop(sources: list[tuple[str, int]], last: tuple[str, int] | None, loops_of: Any) -> str:
    """Return the loop of the source that a loop of the machine code is: the one whose head its last branch is from.

    Where that branch is from no head, the smallest that holds most of the loop's lines.
    """
    if last is not None and any(loop.lineno == last[1] for loop in loops_of(last[0])):
        return f"{last[0]}:{last[1]}"
    files = [path for path, _ in sources]
    for path in sorted(set(files), key=files.count, reverse=True):
        lines = [line for file, line in sources if file == path]
        holding = [
            loop
            for loop in loops_of(path)
            if sum(loop.lineno <= line <= (loop.end_lineno or loop.lineno) for line in lines) > 0.6 * len(lines)
        ]
        if holding:
            return f"{path}:{max(loop.lineno for loop in holding)}"
    return "unknown"


def main() -> None:
    """Compile and print."""
    sys.path[:0] = [str(ROOT / "tests/training/cuda_offline"), str(ROOT / "bench")]
    import sass

    from gpu_parts.line_counts import loops_of

    if problem := sass.missing():
        sys.exit(f"left out: {problem}")
    from fastqwem.training.cuda import kernels, lines

    sizes, train = {name: rest for name, *rest in kernels.variants(int(sys.argv[2]))}[sys.argv[1]]
    found = []
    for name, kernel, signature in (
        ("step", kernels.make_kernel(sizes, train), kernels.signature()),
        ("draw", lines.make_lines(sizes), lines.line_signature()),
    ):
        code = sass.compiled(kernel, signature)
        at = {each.address: each.source for each in code.instructions}
        loops = [
            {
                "source": source_loop(list(loop.sources), at[loop.last], lambda p: list(loops_of(p))),
                "own": sum(loop.own.values()) / loop.unrolled,
            }
            for loop in code.loops()
        ]
        found.append({"name": name, "registers": code.registers, "shared": code.shared, "loops": loops})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
