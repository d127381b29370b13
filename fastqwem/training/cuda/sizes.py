"""The sizes that a kernel is compiled for: what of a run's options is constant in its code, and the memory it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..spec import blocks

if TYPE_CHECKING:
    from ..options import Options

__all__ = ["SHARED_LIMIT", "WARP", "Sizes"]

WARP = 32
SHARED_LIMIT = 48 * 1024
"""Bytes of shared memory that every GPU gives a thread block without being asked."""

DOTS = (64, 32, 16)
"""Scores that are added up at a time: two for each lane, or fewer where shared memory is short."""
ROW_REGISTERS = 64
"""Registers of a lane for the columns of output rows in an update; their changes take as many again."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of the blocks of a run.

    Attributes
    ----------
    vector_size, window : int
    centers : int
        T: most centres in a block.
    negatives : int
        Words drawn for a block; 0 with exact negatives.
    share : float
        Weight of one of them for one centre: 1 / s.
    objective : {"sgns", "qwem"}
    shrink : bool
        Radii are drawn.
    exact : int
        K with exact negatives, else 0.
    gaps : bool
        Some positions are held out, so that the centres of a block need not be neighbours.
    chunk : int
        Positions of one piece of work.
    """

    vector_size: int
    window: int
    centers: int
    negatives: int
    share: float
    objective: str
    shrink: bool
    exact: int
    gaps: bool
    chunk: int

    @classmethod
    def of(
        cls,
        *,
        vector_size: int,
        objective: str,
        window: int,
        negative: int,
        shared_negatives: int,
        shrink_windows: bool,
        exact_negatives: bool,
        held_out: float,
    ) -> Sizes:
        """Return the sizes of options, which have these names in `Options` and in `spec.Settings`."""
        draws = blocks.draws_per_negative(shared_negatives)
        return cls(
            vector_size=vector_size,
            window=window,
            centers=shared_negatives,
            negatives=0 if exact_negatives else negative * draws,
            share=1 / draws,
            objective=objective,
            shrink=shrink_windows,
            exact=negative if exact_negatives else 0,
            gaps=held_out > 0,
            chunk=blocks.CHUNK,
        )

    @classmethod
    def of_options(cls, options: Options) -> Sizes:
        """Return the sizes of a run's options."""
        names = ("vector_size", "objective", "window", "negative", "shared_negatives", "shrink_windows")
        values = {name: getattr(options, name) for name in (*names, "exact_negatives", "held_out")}
        return cls.of(**values)

    @property
    def columns(self) -> int:
        """Entries of a row that each lane has."""
        return -(-self.vector_size // WARP)

    @property
    def width(self) -> int:
        """Entries of a row on the device: `vector_size` rounded up to whole warps, the rest zero."""
        return WARP * self.columns

    @property
    def inputs(self) -> int:
        """The most input rows of a block: a run of neighbours, or with gaps the windows side by side."""
        if self.centers == 1:
            return 2 * self.window
        near = 2 * self.window + self.centers
        return max(near, 2 * self.window * self.centers) if self.gaps else near

    @property
    def outputs(self) -> int:
        """Output rows of a block: its centres, then its negatives."""
        return self.centers + self.negatives

    @property
    def score_tile(self) -> int:
        """Outputs whose rows a lane holds at a time while it computes scores."""
        most = max(1, min(ROW_REGISTERS // self.columns, min(DOTS)))
        return -(-self.outputs // -(-self.outputs // most))

    @property
    def update_tile(self) -> int:
        """Outputs that an update goes over at a time."""
        most = min(self.outputs, ROW_REGISTERS)
        return -(-self.outputs // -(-self.outputs // most))

    @property
    def slab(self) -> int:
        """Columns of a lane that an update goes over at a time."""
        slabs = -(-self.columns // max(1, ROW_REGISTERS // self.update_tile))
        return -(-self.columns // slabs)

    @property
    def output_rows(self) -> int:
        """Rows of shared memory for outputs: whole tiles of either kind."""
        tiles = (self.score_tile, self.update_tile)
        return max(-(-self.outputs // tile) * tile for tile in tiles)

    @property
    def dots(self) -> int:
        """Scores that are added up at a time."""
        return next((dots for dots in DOTS if self._bytes(dots) <= SHARED_LIMIT), DOTS[-1])

    @property
    def shared_bytes(self) -> int:
        """Shared memory of a thread block."""
        return self._bytes(self.dots)

    def _bytes(self, dots: int) -> int:
        rows = self.inputs + self.output_rows
        pairs = 2 * self.inputs * self.output_rows
        floats = rows * self.width + dots * (WARP + 1) + pairs + 4 * rows
        return 4 * (floats + rows + self.inputs + 4 * self.centers)

    @property
    def problem(self) -> str | None:
        """Why no kernel of these sizes can run, in words; None if one can."""
        if self.shared_bytes <= SHARED_LIMIT:
            return None
        return (
            f"a block of {self.inputs} inputs and {self.outputs} outputs of {self.vector_size} dimensions takes "
            f"{self.shared_bytes:,} bytes of shared memory, {SHARED_LIMIT:,} are there"
        )
