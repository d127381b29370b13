// One float row per word, each beginning on a cache line of its own: no two words share one, so threads that write
// to neighbours do not disturb each other. The padding is zero and stays zero.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/huge_buffer.h"
#include "core/types.h"

namespace fastqwem {

class PaddedMatrix {
 public:
  static constexpr Offset kLine = 16;  // floats in a cache line

  PaddedMatrix() = default;
  PaddedMatrix(Offset rows, Offset columns)
      : rows_(rows), columns_(columns), stride_(padded(columns)), data_(static_cast<std::size_t>(rows * stride_)) {
    std::fill_n(data_.data(), data_.size(), 0.0f);
  }
  static Offset padded(Offset columns) { return (columns + kLine - 1) / kLine * kLine; }

  float* row(Offset at) { return data_.data() + at * stride_; }
  const float* row(Offset at) const { return data_.data() + at * stride_; }
  Offset rows() const { return rows_; }
  Offset columns() const { return columns_; }
  Offset stride() const { return stride_; }
  bool empty() const { return rows_ == 0; }

  // Closes the gaps between rows in place and gives the memory away; this matrix is then empty.
  HugeBuffer<float> take() {
    if (stride_ != columns_) {
      for (Offset at = 1; at < rows_; ++at) {
        std::memmove(data_.data() + at * columns_, row(at), static_cast<std::size_t>(columns_) * sizeof(float));
      }
    }
    rows_ = 0;
    return std::move(data_);
  }

 private:
  Offset rows_ = 0, columns_ = 0, stride_ = 0;
  HugeBuffer<float> data_;
};

}  // namespace fastqwem
