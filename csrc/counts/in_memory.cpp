#include "counts/in_memory.h"

#include <algorithm>

#include "core/parallel.h"
#include "counts/position_index.h"
#include "counts/row_counter.h"

namespace fastqwem {
namespace {

constexpr std::uint64_t kGroupNonzeros = 1 << 17;  // 1 MB of buffer a worker: stays in the L2 cache
constexpr std::size_t kSlabEntries = std::size_t{1} << 21;

struct WorkerMaxima {
  std::uint64_t largest = 0;
  Offset nonzeros = 0;
};

}  // namespace

// Where the pieces of one worker lie, one after another, in large pages.
struct CountedRows::Slab {
  Slab(std::size_t entries, bool is_wide)
      : columns(entries), narrow(is_wide ? 0 : entries), wide(is_wide ? entries : 0), capacity(entries) {}
  HugeBuffer<WordId> columns;
  HugeBuffer<std::uint32_t> narrow;
  HugeBuffer<std::uint64_t> wide;
  std::size_t used = 0, capacity;
};

CountedRows::Piece CountedRows::keep(const RowGroup& group, const RowBuffer& buffer,
                                     std::shared_ptr<Slab>& slab) {
  const std::size_t size = buffer.size();
  if (!slab || slab->capacity - slab->used < size) {
    slab = std::make_shared<Slab>(std::max(size, kSlabEntries), group.wide);
  }
  Piece piece{slab, slab->used, size, buffer.row_sizes};
  std::copy_n(buffer.all_columns(), size, slab->columns.data() + slab->used);
  if (group.wide) {
    std::copy_n(buffer.wide(), size, slab->wide.data() + slab->used);
  } else {
    std::copy_n(buffer.narrow(), size, slab->narrow.data() + slab->used);
  }
  slab->used += size;
  return piece;
}

CountedRows::CountedRows(const CorpusView& corpus, const Window& window, int n_workers, Control& control) {
  const PositionIndex index = build_index(corpus, window.size(), 0, corpus.n_tokens, n_workers, control);
  std::vector<Offset> occurrences(static_cast<std::size_t>(corpus.vocab_size));
  for (std::size_t w = 0; w < occurrences.size(); ++w) occurrences[w] = index.starts[w + 1] - index.starts[w];
  groups_ = make_groups(occurrences, window, kGroupNonzeros);
  pieces_.resize(groups_.size());
  control.set_total(static_cast<std::uint64_t>(corpus.n_tokens));

  struct Worker {
    explicit Worker(WordId vocab_size) : accumulators(vocab_size) {}
    Accumulators accumulators;
    RowBuffer buffer;
    std::shared_ptr<Slab> slabs[2];  // narrow, wide
    WorkerMaxima maxima;
  };
  std::vector<Worker> workers;
  for (int w = 0; w < n_workers; ++w) workers.emplace_back(corpus.vocab_size);
  parallel_for(n_workers, groups_.size(), control, [&](std::size_t g, int w) {
    Worker& worker = workers[static_cast<std::size_t>(w)];
    const RowGroup& group = groups_[g];
    count_group(corpus, index, window, group, worker.accumulators, worker.buffer, control);
    pieces_[g] = keep(group, worker.buffer, worker.slabs[group.wide]);
    worker.maxima.largest = std::max(worker.maxima.largest, worker.buffer.largest(group.wide));
    worker.maxima.nonzeros += static_cast<Offset>(worker.buffer.size());
  });
  for (const Worker& worker : workers) {
    largest_ = std::max(largest_, worker.maxima.largest);
    nonzeros_ += worker.maxima.nonzeros;
  }
}

template <class Out>
void CountedRows::move_to(Offset* indptr, WordId* indices, Out* data, int n_workers, Control& control) {
  std::vector<Offset> starts(groups_.size() + 1, 0);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    starts[g + 1] = starts[g] + static_cast<Offset>(pieces_[g].size);
  }
  indptr[0] = 0;
  parallel_for(n_workers, groups_.size(), control, [&](std::size_t g, int) {
    Piece& piece = pieces_[g];
    Offset next = starts[g];
    for (std::size_t r = 0; r < piece.row_sizes.size(); ++r) {
      next += piece.row_sizes[r];
      indptr[static_cast<std::size_t>(groups_[g].first) + r + 1] = next;
    }
    std::copy_n(piece.slab->columns.data() + piece.at, piece.size, indices + starts[g]);
    const auto convert = [](auto count) { return static_cast<Out>(count); };
    if (groups_[g].wide) {
      const std::uint64_t* const counts = piece.slab->wide.data() + piece.at;
      std::transform(counts, counts + piece.size, data + starts[g], convert);
    } else {
      const std::uint32_t* const counts = piece.slab->narrow.data() + piece.at;
      std::transform(counts, counts + piece.size, data + starts[g], convert);
    }
    piece = Piece();
  });
}

template void CountedRows::move_to(Offset*, WordId*, std::int32_t*, int, Control&);
template void CountedRows::move_to(Offset*, WordId*, std::int64_t*, int, Control&);

}  // namespace fastqwem
