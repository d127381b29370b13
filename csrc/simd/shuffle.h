// What the bodies of kernels say differently to each compiler. Needs VI, the vector of ints of the instruction set.
#pragma once

#define FQ_INLINE inline __attribute__((always_inline))

#if defined(__clang__)
#define FQ_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define FQ_UNROLL _Pragma("unroll")
#else
#define FQ_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, VI{__VA_ARGS__})
#define FQ_UNROLL _Pragma("GCC unroll 16")
#endif
