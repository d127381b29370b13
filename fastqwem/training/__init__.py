"""Ids to vectors by stochastic gradient descent: options, the loop over epochs, and the model it returns."""

from .model import TrainedModel
from .trainer import resume, train

__all__ = ["TrainedModel", "resume", "train"]
