"""The executable specification of training: what every backend is held to.

Obvious rather than fast. `random`, and the scalar functions of `sampling` and of `objective`, are plain Python in
Numba's subset, so that a device can run the very same source; the rest is NumPy. Reading order: `random` and
`sampling` (which samples there are), `blocks` (how they are grouped), `objective` and `step` (what one group does to
the vectors), `epoch` (all of them in order). `huffman` is the tree of hierarchical softmax.
"""

from .blocks import CHUNK, Block, epoch_blocks, held_out_blocks
from .epoch import EpochResult, Moments, held_out_loss, learning_rates, matrix_shapes, train_epoch
from .huffman import HuffmanTree, huffman_tree
from .sampling import alias_table, keep_table, noise_weights
from .settings import Settings

__all__ = [
    "CHUNK",
    "Block",
    "EpochResult",
    "HuffmanTree",
    "Moments",
    "Settings",
    "alias_table",
    "epoch_blocks",
    "held_out_blocks",
    "held_out_loss",
    "huffman_tree",
    "keep_table",
    "learning_rates",
    "matrix_shapes",
    "noise_weights",
    "train_epoch",
]
