#include "counts/spilled.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "core/file.h"
#include "core/parallel.h"
#include "counts/position_index.h"
#include "counts/row_counter.h"
#include "counts/run_file.h"

namespace fastqwem {
namespace {

constexpr Offset kBlock = Offset{1} << 22;  // tokens counted before their pages are released

std::vector<Offset> count_occurrences(const CorpusView& corpus, Control& control) {
  std::vector<Offset> occurrences(static_cast<std::size_t>(corpus.vocab_size), 0);
  for (Offset first = 0; first < corpus.n_tokens; first += kBlock) {
    control.check();
    const Offset last = std::min(corpus.n_tokens, first + kBlock);
    count_ids(corpus, first, last, occurrences.data());
    if (corpus.mapped) release_mapped(corpus.ids + first, corpus.ids + last);
  }
  return occurrences;
}

struct Worker {
  explicit Worker(WordId vocab_size) : accumulators(vocab_size) {}
  Accumulators accumulators;
  RowBuffer buffer;
  std::vector<std::uint8_t> scratch;
  std::vector<std::vector<std::uint8_t>> blocks;  // one a run
  std::vector<std::int64_t> converted;
};

std::vector<Worker> make_workers(int n, WordId vocab_size) {
  std::vector<Worker> workers;
  for (int w = 0; w < n; ++w) workers.emplace_back(vocab_size);
  return workers;
}

void count_run(const CorpusView& corpus, const Window& window, const std::vector<RowGroup>& groups, Offset first,
               Offset last, int n_workers, RunFile& run, Control& control) {
  const PositionIndex index = build_index(corpus, window.size(), first, last, n_workers, control);
  std::vector<Worker> workers = make_workers(n_workers, corpus.vocab_size);
  parallel_for(n_workers, groups.size(), control, [&](std::size_t g, int w) {
    Worker& worker = workers[static_cast<std::size_t>(w)];
    count_group(corpus, index, window, groups[g], worker.accumulators, worker.buffer, control);
    run.write(g, groups[g], worker.buffer, worker.scratch);
  });
  if (corpus.mapped) release_mapped(corpus.ids, corpus.ids + last);  // windows reach into other stretches
}

// Adds one row of every run into the accumulator and reads the sum off.
template <class Count>
void merge_row(std::vector<BlockReader>& readers, std::vector<std::uint64_t>& sizes, WordId vocab_size,
               Accumulator<Count>& accumulator, RowBuffer& buffer) {
  std::uint64_t entries = 0;
  for (std::size_t r = 0; r < readers.size(); ++r) entries += sizes[r] = readers[r].next();
  const bool listed = entries < static_cast<std::uint64_t>(vocab_size) / 8;
  if (listed) accumulator.expect_listed(static_cast<std::size_t>(entries));
  Count* const cells = accumulator.cells();
  for (std::size_t r = 0; r < readers.size(); ++r) {
    std::uint64_t column = 0;
    for (std::uint64_t i = 0; i < sizes[r]; ++i) {
      column += readers[r].next();
      const auto count = static_cast<Count>(readers[r].next());
      if (column >= static_cast<std::uint64_t>(vocab_size)) {
        throw std::runtime_error("a temporary run file was damaged while counting");
      }
      if (listed) {
        accumulator.add_listed(static_cast<WordId>(column), count);
      } else {
        cells[column] += count;
      }
    }
  }
  buffer.finish_row(listed ? accumulator.emit_listed(buffer.columns(), buffer.template counts<Count>())
                           : accumulator.emit_all(buffer.columns(), buffer.template counts<Count>()));
}

void merge_group(const std::vector<std::unique_ptr<RunFile>>& runs, std::size_t g, const RowGroup& group,
                 WordId vocab_size, Worker& worker, Control& control) {
  worker.blocks.resize(runs.size());
  std::vector<BlockReader> readers;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    runs[r]->read(g, worker.blocks[r]);
    readers.emplace_back(worker.blocks[r]);
  }
  std::vector<std::uint64_t> sizes(runs.size());
  worker.buffer.start(group);
  for (WordId row = group.first; row < group.last; ++row) {
    if (group.wide) {
      merge_row(readers, sizes, vocab_size, worker.accumulators.get<std::uint64_t>(), worker.buffer);
    } else {
      merge_row(readers, sizes, vocab_size, worker.accumulators.get<std::uint32_t>(), worker.buffer);
    }
    if ((row & 255) == 0) control.check();
  }
}

// Gives every group its place in the matrix in the order of the groups, whoever finishes first.
class Turnstile {
 public:
  Offset claim(std::size_t group, Offset size, Control& control) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!turned_.wait_for(lock, std::chrono::milliseconds(20), [&] { return next_ == group; })) control.check();
    const Offset at = total_;
    total_ += size;
    ++next_;
    turned_.notify_all();
    return at;
  }

 private:
  std::mutex mutex_;
  std::condition_variable turned_;
  std::size_t next_ = 0;
  Offset total_ = 0;
};

template <class Out, class Count>
void write_counts(const File& file, const Count* counts, std::size_t size, Offset at, Worker& worker) {
  if constexpr (sizeof(Out) == sizeof(Count)) {
    file.write_at(counts, size * sizeof(Out), at * static_cast<Offset>(sizeof(Out)));
  } else {
    if (worker.converted.size() < size) worker.converted.resize(size);
    auto* const out = reinterpret_cast<Out*>(worker.converted.data());
    std::transform(counts, counts + size, out, [](Count count) { return static_cast<Out>(count); });
    file.write_at(out, size * sizeof(Out), at * static_cast<Offset>(sizeof(Out)));
  }
}

void write_group(const File& indices, const File& data, const RowGroup& group, bool wide_out, Offset at,
                 Worker& worker) {
  const RowBuffer& buffer = worker.buffer;
  const std::size_t size = buffer.size();
  indices.write_at(buffer.all_columns(), size * sizeof(WordId), at * static_cast<Offset>(sizeof(WordId)));
  if (group.wide) {
    if (wide_out) {
      write_counts<std::int64_t>(data, buffer.wide(), size, at, worker);
    } else {
      write_counts<std::int32_t>(data, buffer.wide(), size, at, worker);
    }
  } else if (wide_out) {
    write_counts<std::int64_t>(data, buffer.narrow(), size, at, worker);
  } else {
    write_counts<std::int32_t>(data, buffer.narrow(), size, at, worker);
  }
}

void merge_runs(const std::vector<std::unique_ptr<RunFile>>& runs, const std::vector<RowGroup>& groups,
                const SpillPlan& plan, WordId vocab_size, SpilledCounts& result, Control& control) {
  const File indices(plan.directory + "/indices", File::Mode::create);
  const File data(plan.directory + "/data", File::Mode::create);
  std::vector<Worker> workers = make_workers(plan.n_workers, vocab_size);
  std::vector<std::uint64_t> largest(workers.size(), 0);
  result.indptr.assign(static_cast<std::size_t>(vocab_size) + 1, 0);
  Turnstile turnstile;
  parallel_for(plan.n_workers, groups.size(), control, [&](std::size_t g, int w) {
    Worker& worker = workers[static_cast<std::size_t>(w)];
    merge_group(runs, g, groups[g], vocab_size, worker, control);
    Offset next = turnstile.claim(g, static_cast<Offset>(worker.buffer.size()), control);
    write_group(indices, data, groups[g], result.wide, next, worker);
    auto row = static_cast<std::size_t>(groups[g].first);
    for (const Offset size : worker.buffer.row_sizes) result.indptr[++row] = next += size;
    auto& most = largest[static_cast<std::size_t>(w)];
    most = std::max(most, worker.buffer.largest(groups[g].wide));
    control.advance(groups[g].most);
  });
  result.largest = *std::max_element(largest.begin(), largest.end());
}

}  // namespace

SpilledCounts count_spilled(const CorpusView& corpus, const Window& window, const SpillPlan& plan,
                            Control& control) {
  const std::vector<RowGroup> groups = make_groups(count_occurrences(corpus, control), window, plan.group_nonzeros);
  std::uint64_t most = 0;
  for (const RowGroup& group : groups) most += group.most;
  control.set_total(static_cast<std::uint64_t>(corpus.n_tokens) + most);

  SpilledCounts result;
  std::vector<std::unique_ptr<RunFile>> runs;
  std::uint64_t largest = 0;
  for (Offset first = 0; first < corpus.n_tokens; first += plan.stretch) {
    const std::string path = plan.directory + "/run-" + std::to_string(runs.size());
    runs.push_back(std::make_unique<RunFile>(path, groups.size()));
    count_run(corpus, window, groups, first, std::min(corpus.n_tokens, first + plan.stretch), plan.n_workers,
              *runs.back(), control);
    largest += runs.back()->largest();
    result.run_bytes += runs.back()->bytes();
  }
  result.n_runs = static_cast<int>(runs.size());
  result.wide = largest > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  merge_runs(runs, groups, plan, corpus.vocab_size, result, control);
  return result;
}

}  // namespace fastqwem
