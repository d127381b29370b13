// The rows of a CSR matrix as pieces of work, and the check after which kernels may trust its indices.
#pragma once

#include <cstdint>
#include <vector>

#include "core/control.h"
#include "core/types.h"

namespace fastqwem {

// First rows of pieces of work, and n_rows at the end. A piece ends with the row that fills it up to max_nonzeros or
// max_rows. Throws std::invalid_argument if indptr decreases.
std::vector<std::int64_t> row_ranges(const Offset* indptr, std::int64_t n_rows, std::int64_t max_nonzeros,
                                     std::int64_t max_rows);

// Throws std::invalid_argument unless all column indices of those rows are within [0, n_columns).
void check_indices(const Offset* indptr, const WordId* indices, const std::vector<std::int64_t>& ranges,
                   std::int64_t n_columns, int n_workers, Control& control);

}  // namespace fastqwem
