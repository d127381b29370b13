"""What a report says, for readers who know word2vec but not the paper. Blank lines part paragraphs."""

from __future__ import annotations

from typing import Any

__all__ = ["paragraphs"]

LEAD = """
word2vec's loss, taken to second order and with all pairs of words weighed alike, is a factorisation of one matrix,
M*, made of co-occurrence counts alone. So what training from small random weights learns can be told in advance: the
eigenvectors of M*, one after another, the one of the largest eigenvalue first (Karkada, Simon, Bahri and DeWeese,
arXiv 2502.09863). This page shows these directions for one corpus and predicts when each is learned.
"""

SPECTRUM = """
M* tells of every two words how much oftener than by chance they stand near each other: 2 (P_ij - P_i P_j) / (P_ij +
P_i P_j), from -2 (never) to 2. Its eigenvectors are directions in which words differ, and an eigenvalue is the weight
of its direction in M*. The larger it is, the sooner the direction is learned.
"""

STAIRCASE = """
The singular values of the matrix of word vectors while it is trained. All begin near zero; then one after another
rises along a sigmoid to the square root of its eigenvalue. Time is in units of τ₁, when the first direction is half
learned. Nothing in the theory is fitted: it knows M* and the random start.
"""

MEASURED = """
Measured: {steps:,} steps of plain gradient descent on the exact loss, {words:,} words in {size} dimensions, from
random weights of size {scale:g}. Learning times differ from the predicted ones by at most {worst:.1%}; steps that are
not infinitely small make a run late by about {late:.1%}. At its end the first {top} learned directions and the first
{top} eigenvectors of M* span the same space to {overlap:.4f} (1: exactly).
"""

NOT_MEASURED = """
No training was run for this page, so only the prediction is drawn.
"""

TIMES = """
The time τₖ at which each direction is half learned, ln(λₖ / sₖ²) / λₖ in theory: λₖ is the eigenvalue and sₖ how much
of the direction the random start happens to hold. It is the time of the flow dW/dt = (M* W - W Wᵀ W) / 2, of which
gradient descent takes finite steps.
"""

LOSS = """
The loss falls in steps: it rests while no direction grows, and drops when one is learned. The dotted plateaus follow
from the eigenvalues alone, since direction k takes λₖ² off |W Wᵀ - M*|². Where eigenvalues lie close together the
steps run into a slope.
"""

CONCEPTS = """
Every direction has two ends. These are the words farthest out at either, among the {frequent:,} most frequent words,
in the order in which training learns the directions. Which of the ends is which means nothing.
"""

SLICES = """
The vectors {whose} at three times, on their first and third principal directions. At first all words sit in one
point; then they spread along the first direction alone; then the others open the plane. Coloured are words from the
ends of directions 1 and 3.
"""

OVERLAP = """
How alike the directions of two models are: a bright square is a direction that both have.
"""

OVERLAP_TRAINED = """
Training against M*: a bright diagonal means that training found these very directions in this order; the run ended as
direction {modes} was learned, and later ones had only begun. Small bright blocks are neighbours of nearly equal
eigenvalues, which training mixes.
"""

OVERLAP_PPMI = """
PPMI against M*: the matrix that is often factorised in place of M* shares some directions, and mixes or moves others.
"""

ANALOGIES = """
Analogies (man is to woman as king is to ...) answered rightly, by family, top-1. Left, vectors of d dimensions;
right, vectors of all {size} dimensions with training stopped at time t. The two look alike because they are: a
direction that is not learned yet is a direction that is not there.
"""

TASKS = """
The difference of the two vectors of a pair (woman - man) is its task vector. Were it the same for all pairs of a
family, analogies would be exact. Signal-to-noise tells how far one common direction stands out from what the pairs
differ in: it rises while directions are added that the family uses, and falls when further ones add noise. Answers
can stay right all the same, because all other words move apart as well: b - a + c needs only be nearer to the answer
than to its rivals (right).
"""

LOCALISATION = """
The common part is made of few directions. Bars show their shares, with words from one end of the strongest two.
"""

SPIKE = """
The eigenvalues of a family's task vectors look like those of random vectors, for which random matrix theory gives the
dashed curve, plus one farther out where the pairs share a direction; how far tells how much of it they share.
"Effective d" is the number of dimensions that the random part fills; it is fitted by moments, with nothing chosen by
hand.
"""


def paragraphs(text: str, **values: Any) -> list[str]:
    """Return the paragraphs of a text, each on one line, with values put in."""
    return [" ".join(part.split()).format(**values) for part in text.split("\n\n")]
