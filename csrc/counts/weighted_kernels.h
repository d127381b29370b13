// The loops over the nonzeros of one row of WeightedCounts, one table of them per instruction set.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace fastqwem {

// Sums over the nonzeros of a row, of the dot products x = w . c along a line w + s d, c + s e, so that
// x(s) = x0 + s x1 + s^2 x2: of a x0, a x1, a x2, and of the coefficients of a x(s)^2, from s^0 to s^4.
constexpr int kLineSums = 8;

// Rows of numbers lie `stride` apart, a multiple of 64 bytes, on boundaries of 64 bytes, padded with zeros.
template <class T>
struct WeightedKernels {
  // values[e] = scale * columns[indices[e]] * counts[e], rounded to T.
  void (*fill32)(double scale, const double* columns, const WordId* indices, const std::int32_t* counts,
                 std::int64_t n, T* values);
  void (*fill64)(double scale, const double* columns, const WordId* indices, const std::int64_t* counts,
                 std::int64_t n, T* values);
  // For n nonzeros: sum = sum of a (alpha x + beta) c, where x = w . c; moments[0] += sum of a x and
  // moments[1] += sum of a x^2. `readable` >= n indices may be read ahead of use, for prefetching.
  void (*gather)(const WordId* indices, const T* values, std::int64_t n, std::int64_t readable, const T* c,
                 std::int64_t stride, const T* w, T alpha, T beta, T* sum, double* moments);
  // sums[0..kLineSums) += the sums above. w: w and d, one after the other; c: rows of c and e, one after the other.
  void (*line)(const WordId* indices, const T* values, std::int64_t n, std::int64_t readable, const T* c,
               std::int64_t stride, const T* w, double* sums);
};

// Those of the instruction set in use, for T float or double.
template <class T>
const WeightedKernels<T>& weighted_kernels();
template <>
const WeightedKernels<float>& weighted_kernels<float>();
template <>
const WeightedKernels<double>& weighted_kernels<double>();

}  // namespace fastqwem
