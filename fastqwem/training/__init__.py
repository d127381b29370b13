"""Training: gradient descent on the objectives of QWEM and SGNS."""

from .full_batch import FullBatchResult, train_full_batch

__all__ = ["FullBatchResult", "train_full_batch"]
