"""Training on one GPU: the algorithm of `fastqwem.training.spec` in Numba CUDA kernels."""
