// Which bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>

namespace fastqwem::text {

// The index of the first byte that is not part of a well-formed character, or `size` if all are.
std::size_t valid_utf8(const char* data, std::size_t size);

}  // namespace fastqwem::text
