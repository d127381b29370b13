"""Theory of QWEM: what training learns and when, compared with training, and what the features and vectors mean."""

from .dynamics import (
    Clock,
    LearningCurves,
    early_growth,
    evolve,
    evolve_values,
    expected_seeds,
    half_height_times,
    learning_curves,
    loss_plateaus,
    normalised,
    sgd_time,
    stability_edge,
    true_seeds,
)

__all__ = [
    "Clock",
    "LearningCurves",
    "early_growth",
    "evolve",
    "evolve_values",
    "expected_seeds",
    "half_height_times",
    "learning_curves",
    "loss_plateaus",
    "normalised",
    "sgd_time",
    "stability_edge",
    "true_seeds",
]
