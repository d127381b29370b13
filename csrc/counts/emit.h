// Reading the nonzero cells off a dense row, one body per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/types.h"

namespace fastqwem {

// Scans cells[0, n), n a multiple of 16; writes columns and counts of nonzero cells in order, zeroes them and
// returns their number. Up to 16 entries past the last one may be overwritten.
std::size_t emit_nonzeros(std::uint32_t* cells, std::size_t n, WordId* columns, std::uint32_t* counts);
std::size_t emit_nonzeros(std::uint64_t* cells, std::size_t n, WordId* columns, std::uint64_t* counts);

}  // namespace fastqwem
