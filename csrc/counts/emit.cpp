// The cost of a dense row is this scan: V cells, most of them zero. The AVX-512 bodies test 16 (8) cells and
// compress the nonzero ones with two instructions; the others test 64 bytes at a time for any nonzero and
// walk only the blocks that have one. vpcompress goes to a register and then to memory: straight to memory it
// is microcoded on Zen 4.
#include "counts/emit.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "simd/isa.h"

namespace fastqwem {
namespace {

template <class Count>
std::size_t emit_portable(Count* cells, std::size_t n, WordId* columns, Count* counts) {
  std::size_t found = 0;
  for (std::size_t block = 0; block < n; block += 16) {
    Count any = 0;
    for (std::size_t i = 0; i < 16; ++i) any |= cells[block + i];
    if (!any) continue;
    for (std::size_t i = block; i < block + 16; ++i) {  // branch-free: the next entry overwrites a zero
      columns[found] = static_cast<WordId>(i);
      counts[found] = cells[i];
      found += cells[i] != 0;
      cells[i] = 0;
    }
  }
  return found;
}

#if defined(__x86_64__)
#include "simd/begin_avx512.h"

std::size_t emit_avx512(std::uint32_t* cells, std::size_t n, WordId* columns, std::uint32_t* counts) {
  std::size_t found = 0;
  __m512i column = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i step = _mm512_set1_epi32(16), zero = _mm512_setzero_si512();
  for (std::size_t block = 0; block < n; block += 16, column = _mm512_add_epi32(column, step)) {
    const __m512i values = _mm512_loadu_si512(cells + block);
    const __mmask16 mask = _mm512_test_epi32_mask(values, values);
    if (!mask) continue;
    _mm512_storeu_si512(columns + found, _mm512_maskz_compress_epi32(mask, column));
    _mm512_storeu_si512(counts + found, _mm512_maskz_compress_epi32(mask, values));
    _mm512_storeu_si512(cells + block, zero);
    found += static_cast<std::size_t>(__builtin_popcount(mask));
  }
  return found;
}

std::size_t emit_avx512(std::uint64_t* cells, std::size_t n, WordId* columns, std::uint64_t* counts) {
  std::size_t found = 0;
  __m256i column = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i step = _mm256_set1_epi32(8);
  const __m512i zero = _mm512_setzero_si512();
  for (std::size_t block = 0; block < n; block += 8, column = _mm256_add_epi32(column, step)) {
    const __m512i values = _mm512_loadu_si512(cells + block);
    const __mmask8 mask = _mm512_test_epi64_mask(values, values);
    if (!mask) continue;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(columns + found), _mm256_maskz_compress_epi32(mask, column));
    _mm512_storeu_si512(counts + found, _mm512_maskz_compress_epi64(mask, values));
    _mm512_storeu_si512(cells + block, zero);
    found += static_cast<std::size_t>(__builtin_popcount(mask));
  }
  return found;
}

#include "simd/end_isa.h"
#include "simd/begin_avx2.h"

template <class Count>
std::size_t emit_avx2(Count* cells, std::size_t n, WordId* columns, Count* counts) {
  std::size_t found = 0;
  constexpr std::size_t kStep = 64 / sizeof(Count);
  for (std::size_t block = 0; block < n; block += kStep) {
    const auto* vectors = reinterpret_cast<const __m256i*>(cells + block);
    const __m256i any = _mm256_or_si256(_mm256_loadu_si256(vectors), _mm256_loadu_si256(vectors + 1));
    if (_mm256_testz_si256(any, any)) continue;
    for (std::size_t i = block; i < block + kStep; ++i) {
      columns[found] = static_cast<WordId>(i);
      counts[found] = cells[i];
      found += cells[i] != 0;
      cells[i] = 0;
    }
  }
  return found;
}

#include "simd/end_isa.h"
#endif

template <class Count>
std::size_t dispatch(Count* cells, std::size_t n, WordId* columns, Count* counts) {
#if defined(__x86_64__)
  switch (active_isa()) {
    case Isa::avx512:
    case Isa::avx512vnni:
      return emit_avx512(cells, n, columns, counts);
    case Isa::avx2:
      return emit_avx2(cells, n, columns, counts);
    case Isa::baseline:
      break;
  }
#endif
  return emit_portable(cells, n, columns, counts);
}

}  // namespace

std::size_t emit_nonzeros(std::uint32_t* cells, std::size_t n, WordId* columns, std::uint32_t* counts) {
  return dispatch(cells, n, columns, counts);
}

std::size_t emit_nonzeros(std::uint64_t* cells, std::size_t n, WordId* columns, std::uint64_t* counts) {
  return dispatch(cells, n, columns, counts);
}

}  // namespace fastqwem
