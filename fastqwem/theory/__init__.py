"""Theory of QWEM: what training learns and when, compared with training, and what the features and vectors mean."""

from .compare import Comparison, compare, fit_tau, run_and_compare
from .concepts import Concept, FeatureOverlap, Stability, concept_stability, concepts, feature_overlap
from .course import Alignment, Course, Recorder, align
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
from .sampled import PairSampler, SampledResult, train_sampled
from .task_vectors import SpikeFit, TaskCurve, TaskVectors, read_families, spike_fit, task_curve, task_vectors

__all__ = [
    "Alignment",
    "Clock",
    "Comparison",
    "Concept",
    "Course",
    "FeatureOverlap",
    "LearningCurves",
    "PairSampler",
    "Recorder",
    "SampledResult",
    "SpikeFit",
    "Stability",
    "TaskCurve",
    "TaskVectors",
    "align",
    "compare",
    "concept_stability",
    "concepts",
    "early_growth",
    "evolve",
    "evolve_values",
    "expected_seeds",
    "feature_overlap",
    "fit_tau",
    "half_height_times",
    "learning_curves",
    "loss_plateaus",
    "normalised",
    "read_families",
    "run_and_compare",
    "sgd_time",
    "spike_fit",
    "stability_edge",
    "task_curve",
    "task_vectors",
    "train_sampled",
    "true_seeds",
]
