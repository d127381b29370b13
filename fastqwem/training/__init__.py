"""Training by descent: stochastic from a corpus (SGNS, QWEM), or full-batch from counts alone."""

from .full_batch import FullBatchResult, train_full_batch
from .model import TrainedModel
from .trainer import resume, train

__all__ = ["FullBatchResult", "TrainedModel", "resume", "train", "train_full_batch"]
