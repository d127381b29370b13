"""Pieces of a count on their way: the runs of one range of text, as files that other processes merge.

A piece is its runs, ``piece-00000.0.run`` and so on, bare blocks of bytes (csrc/counts/run_file.h), and
``piece-00000.fqp``, a container of kind "counts-piece" with where the blocks are, and in its header the settings
that the piece was counted with, the text it was counted from, and length and checksum of each run. The container is
written last: where it is, the piece is whole.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError
from ..places import Folder
from ..storage import read_container, write_container
from .shards import Settings
from .spill import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_piece", "piece_name", "read_piece", "write_piece"]

_KIND, _VERSION = "counts-piece", 1
_AT_ONCE = 1 << 24


def piece_name(number: int) -> str:
    """Return the name of the file that makes a piece whole."""
    return f"piece-{number:05d}.fqp"


def write_piece(
    folder: Folder, number: int, settings: Settings, text: str, rows: NDArray[np.int32], runs: Sequence[Run]
) -> None:
    """Move runs, files of their own, into a folder as one piece. `text` is the fingerprint of what was counted."""
    files = []
    for i, run in enumerate(runs):
        name = f"piece-{number:05d}.{i}.run"
        files.append({"file": name, "bytes": run.size, "crc32": _crc(run.path)})
        folder.put(run.path, name)
    header = asdict(settings) | {"text": text, "files": files}
    arrays: dict[str, NDArray[Any]] = {"rows": rows}
    for name in ("starts", "nonzeros", "largest"):
        width = len(rows) - (name != "starts")
        arrays[name] = np.array([getattr(run, name) for run in runs], np.int64).reshape(len(runs), width)
    with folder.workspace() as workspace:
        local = os.path.join(workspace, piece_name(number))
        write_container(local, _KIND, _VERSION, header, arrays)
        folder.put(local, piece_name(number))


def _crc(path: str) -> str:
    crc = 0
    with open(path, "rb") as file:
        while data := file.read(_AT_ONCE):
            crc = zlib.crc32(data, crc)
    return f"{crc:08x}"


def _load(
    folder: Folder, number: int, settings: Settings, rows: NDArray[np.int32], workspace: str
) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
    """Return header and arrays of a piece, judged; FormatError says what is wrong with which file."""
    where = folder.path(piece_name(number))
    local = folder.fetch(piece_name(number), workspace)
    try:
        header, arrays = read_container(local, _KIND, _VERSION)
    except FormatError as error:
        raise FormatError(f"{where}: {str(error).removeprefix(local + ': ')}") from None
    settings.check(where, header)
    try:
        if not np.array_equal(arrays["rows"], rows):
            raise FormatError(f"{where}: from other settings (cut into other rows)")
        sizes = [entry["bytes"] for entry in header["files"]]
        sound = arrays["starts"].shape == (len(sizes), len(rows))
    except (KeyError, TypeError):
        sound = False
    if not sound:
        raise FormatError(f"{where}: a damaged piece")
    for entry, size in zip(header["files"], sizes, strict=True):
        found = folder.size(entry["file"])
        if found < size:
            raise FormatError(f"{folder.path(entry['file'])}: truncated, {size - found:,} bytes are missing")
    return header, arrays


def check_piece(folder: Folder, number: int, settings: Settings, text: str, rows: NDArray[np.int32]) -> None:
    """Raise FormatError unless a finished piece is sound and of this text and these settings.

    Checksums are compared where the folder is local.
    """
    with folder.workspace() as workspace:
        header, _ = _load(folder, number, settings, rows, workspace)
    if header.get("text") != text:
        raise FormatError(f"{folder.path(piece_name(number))}: counted from other text")
    for entry in header["files"]:
        path = folder.path(entry["file"])
        if not folder.remote and _crc(path) != entry["crc32"]:
            raise FormatError(f"{path}: damaged, its checksum does not match")


def read_piece(
    folder: Folder,
    number: int,
    settings: Settings,
    rows: NDArray[np.int32],
    workspace: str,
    groups: tuple[int, int] | None = None,
) -> list[Run]:
    """Return the runs of a piece; with `groups` their blocks are at hand, brought here where they are remote."""
    header, arrays = _load(folder, number, settings, rows, workspace)
    runs = []
    for i, entry in enumerate(header["files"]):
        starts, nonzeros, largest = (arrays[name][i].copy() for name in ("starts", "nonzeros", "largest"))
        run = Run(folder.path(entry["file"]), 0, starts, nonzeros, largest)
        if groups is not None:
            start, stop = int(starts[groups[0]]), int(starts[groups[1]])
            path, base = folder.fetch_range(entry["file"], start, stop, workspace)
            inside = np.zeros(len(nonzeros), bool)
            inside[slice(*groups)] = True
            run = Run(path, base, np.clip(starts - start, 0, stop - start), nonzeros * inside, largest * inside)
        runs.append(run)
    return runs
