"""Theory of QWEM: what training learns and when, compared with training, and what the features and vectors mean."""

from .concepts import Concept, FeatureOverlap, Stability, concept_stability, concepts, feature_overlap
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
from .task_vectors import SpikeFit, TaskCurve, TaskVectors, read_families, spike_fit, task_curve, task_vectors

__all__ = [
    "Clock",
    "Concept",
    "FeatureOverlap",
    "LearningCurves",
    "SpikeFit",
    "Stability",
    "TaskCurve",
    "TaskVectors",
    "concept_stability",
    "concepts",
    "early_growth",
    "evolve",
    "evolve_values",
    "expected_seeds",
    "feature_overlap",
    "half_height_times",
    "learning_curves",
    "loss_plateaus",
    "normalised",
    "read_families",
    "sgd_time",
    "spike_fit",
    "stability_edge",
    "task_curve",
    "task_vectors",
    "true_seeds",
]
