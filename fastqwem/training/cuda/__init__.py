"""Training on one GPU: the algorithm of `fastqwem.training.spec` in Numba CUDA kernels.

Reading order: `sizes` (what is constant in a kernel), `lines` (drawing the samples), `kernels` (the steps), `crowd`
(many warps at once), `feed` (the corpus on the device), `trainer` and `engine` (what the rest of training sees).
Nothing here imports Numba before ``device="cuda"`` is asked for. Only skip-gram with negatives runs here, and
`Options` says so.

All of it is tested in Numba's simulator and compiled for sm_90; no line of it has run on a GPU yet.
"""
