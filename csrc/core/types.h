// The fixed widths of everything that crosses between Python and C++, named once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastqwem {

using WordId = std::int32_t;   // index into the vocabulary; word 0 is the most frequent
using Offset = std::int64_t;   // position in a corpus, or in the nonzeros of a matrix

}  // namespace fastqwem
