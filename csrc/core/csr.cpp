#include "core/csr.h"

#include <atomic>
#include <stdexcept>
#include <utility>

#include "core/file.h"

namespace fastqwem {
namespace {

Offset width(const RowPart& part) { return part.wide ? 8 : 4; }

const char* bytes_of(const RowPart& part) { return static_cast<const char*>(part.counts); }

}  // namespace

CountRows::CountRows(std::vector<RowPart> parts, std::int64_t n_words, std::int64_t max_nonzeros,
                     std::int64_t max_rows, int n_workers, Control& control)
    : parts_(std::move(parts)), n_words_(n_words) {
  std::int64_t rows = 0;
  for (RowPart& part : parts_) {
    if (part.first != rows || part.last < part.first || part.indptr[0] != 0) {
      throw std::invalid_argument("counts: the parts must be consecutive rows from the first on");
    }
    part.at = n_nonzeros_;
    add_ranges(part, max_nonzeros, max_rows);
    n_nonzeros_ += part.size();
    rows = part.last;
  }
  if (rows != n_words) throw std::invalid_argument("counts: the parts must have one row per word");
  check_indices(n_workers, control);
}

void CountRows::add_ranges(const RowPart& part, std::int64_t max_nonzeros, std::int64_t max_rows) {
  std::int64_t begin = part.first;
  for (std::int64_t row = part.first; row < part.last; ++row) {
    if (part.end(row) < part.begin(row)) throw std::invalid_argument("counts: indptr must not decrease");
    if (part.end(row) - part.begin(begin) >= max_nonzeros || row + 1 - begin >= max_rows || row + 1 == part.last) {
      ranges_.push_back({&part, begin, row + 1});
      begin = row + 1;
    }
  }
}

void CountRows::check_indices(int n_workers, Control& control) const {
  std::atomic<bool> sound{true};
  for_ranges(n_workers, control, [&](const RowPart& part, std::int64_t first, std::int64_t last, int) {
    const auto limit = static_cast<std::uint32_t>(n_words_);
    bool inside = true;
    for (Offset e = part.begin(first); e < part.begin(last); ++e) {
      inside &= static_cast<std::uint32_t>(part.indices[e]) < limit;
    }
    if (!inside) sound = false;
  });
  if (!sound) throw std::invalid_argument("counts: a column index is not in the vocabulary");
}

void CountRows::read_ahead(const Range& range) {
  const RowPart& part = *range.part;
  if (!part.mapped) return;
  const Offset begin = part.begin(range.first), end = part.begin(range.last);
  read_mapped_ahead(part.indices + begin, part.indices + end);
  read_mapped_ahead(bytes_of(part) + begin * width(part), bytes_of(part) + end * width(part));
}

void CountRows::release(const Range& range) {
  const RowPart& part = *range.part;
  const Offset begin = part.begin(range.first), end = part.begin(range.last), size = part.size();
  release_piece(part.indices, part.indices + size, part.indices + begin, part.indices + end);
  const char* const counts = bytes_of(part);
  release_piece(counts, counts + size * width(part), counts + begin * width(part), counts + end * width(part));
}

}  // namespace fastqwem
