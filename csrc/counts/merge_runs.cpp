#include "counts/merge_runs.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

#include "core/parallel.h"
#include "counts/row_counter.h"

namespace fastqwem {
namespace {

constexpr std::size_t kMostOpen = 256;  // beyond so many, files are opened for each read

constexpr std::uint64_t kInt32Max = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kUint32Max = std::numeric_limits<std::uint32_t>::max();

struct Worker {
  explicit Worker(WordId vocab_size) : accumulators(vocab_size) {}
  Accumulators accumulators;
  RowBuffer buffer;
  std::vector<BlockReader> readers;  // one a run
  std::vector<std::int64_t> converted;
  std::uint64_t largest = 0;
};

// The older counts of one row.
struct OldRow {
  const WordId* columns = nullptr;
  const std::int32_t* narrow = nullptr;
  const std::int64_t* wide = nullptr;
  std::size_t size = 0;
};

class OldCounts {
 public:
  explicit OldCounts(const std::vector<OldRows>& parts) : parts_(parts) {}

  OldRow row(WordId row) const {
    for (const OldRows& part : parts_) {
      if (row < part.first || row >= part.last) continue;
      const Offset begin = part.indptr[row - part.first], end = part.indptr[row - part.first + 1];
      return {part.indices + begin, part.narrow ? part.narrow + begin : nullptr,
              part.wide ? part.wide + begin : nullptr, static_cast<std::size_t>(end - begin)};
    }
    return {};
  }
  // Adds what a group's rows hold to its two bounds.
  void bound(WordId first, WordId last, std::uint64_t& nonzeros, std::uint64_t& largest) const {
    std::int64_t most = 0;
    for (WordId r = first; r < last && !parts_.empty(); ++r) {
      const OldRow old = row(r);
      nonzeros += old.size;
      for (std::size_t i = 0; i < old.size; ++i) most = std::max<std::int64_t>(most, old.narrow ? old.narrow[i] : old.wide[i]);
    }
    largest += static_cast<std::uint64_t>(most);
  }
  void release(WordId first, WordId last) const {
    for (const OldRows& part : parts_) {
      const WordId from = std::max(first, part.first), to = std::min(last, part.last);
      if (!part.mapped || from >= to) continue;
      const Offset begin = part.indptr[from - part.first], end = part.indptr[to - part.first];
      release_mapped(part.indices + begin, part.indices + end);
      if (part.narrow) release_mapped(part.narrow + begin, part.narrow + end);
      if (part.wide) release_mapped(part.wide + begin, part.wide + end);
    }
  }

 private:
  const std::vector<OldRows>& parts_;
};

class RunFiles {
 public:
  explicit RunFiles(const std::vector<Run>& runs) {
    if (runs.size() > kMostOpen) return;
    for (const Run& run : runs) files_.emplace_back(run.path, File::Mode::read);
  }
  const File* file(std::size_t r) const { return files_.empty() ? nullptr : &files_[r]; }

 private:
  std::vector<File> files_;
};

// Adds one row of every run, and the older counts, into the accumulator and reads the sum off.
template <class Count>
void merge_row(std::vector<BlockReader>& readers, const OldRow& old, std::vector<std::uint64_t>& sizes,
               WordId vocab_size, Accumulator<Count>& accumulator, RowBuffer& buffer) {
  std::uint64_t entries = old.size;
  for (std::size_t r = 0; r < readers.size(); ++r) {
    sizes[r] = readers[r].next();
    if (sizes[r] > static_cast<std::uint64_t>(vocab_size)) readers[r].refuse();
    entries += sizes[r];
  }
  const bool listed = entries < static_cast<std::uint64_t>(vocab_size) / 8;
  if (listed) accumulator.expect_listed(static_cast<std::size_t>(entries));
  Count* const cells = accumulator.cells();
  const auto add = [&](std::uint64_t column, Count count) {
    if (listed) {
      accumulator.add_listed(static_cast<WordId>(column), count);
    } else {
      cells[column] += count;
    }
  };
  for (std::size_t r = 0; r < readers.size(); ++r) {
    std::uint64_t column = 0;
    for (std::uint64_t i = 0; i < sizes[r]; ++i) {
      column += readers[r].next();
      const auto count = static_cast<Count>(readers[r].next());
      if (column >= static_cast<std::uint64_t>(vocab_size) || count == 0) readers[r].refuse();
      add(column, count);
    }
  }
  for (std::size_t i = 0; i < old.size; ++i) {
    const auto column = static_cast<std::uint32_t>(old.columns[i]);
    const auto count = static_cast<Count>(old.narrow ? old.narrow[i] : old.wide[i]);
    if (column >= static_cast<std::uint32_t>(vocab_size)) {
      throw std::invalid_argument("the older counts hold a column outside of their vocabulary");
    }
    if (count != 0) add(column, count);
  }
  buffer.finish_row(listed ? accumulator.emit_listed(buffer.columns(), buffer.template counts<Count>())
                           : accumulator.emit_all(buffer.columns(), buffer.template counts<Count>()));
}

void merge_group(const std::vector<Run>& runs, const RunFiles& files, const OldCounts& old, std::size_t g,
                 const RowGroup& group, const MergePlan& plan, Worker& worker, Control& control) {
  const WordId vocab_size = plan.vocab_size;
  worker.readers.resize(runs.size());
  std::vector<BlockReader>& readers = worker.readers;
  const std::size_t room = runs.empty() ? 0 : std::max(plan.buffer_bytes / runs.size(), kSmallestBuffer);
  for (std::size_t r = 0; r < runs.size(); ++r) readers[r].start(runs[r], files.file(r), g, room);
  std::vector<std::uint64_t> sizes(runs.size());
  worker.buffer.start(group);
  for (WordId row = group.first; row < group.last; ++row) {
    if (group.wide) {
      merge_row(readers, old.row(row), sizes, vocab_size, worker.accumulators.get<std::uint64_t>(), worker.buffer);
    } else {
      merge_row(readers, old.row(row), sizes, vocab_size, worker.accumulators.get<std::uint32_t>(), worker.buffer);
    }
    if ((row & 255) == 0) control.check();
  }
  for (const BlockReader& reader : readers) {
    if (!reader.at_end()) reader.refuse();
  }
  old.release(group.first, group.last);
}

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

// What the runs' tables and the older counts say about every group.
std::vector<RowGroup> bounded_groups(const std::vector<Run>& runs, const OldCounts& old, const MergePlan& plan,
                                     std::uint64_t& largest, Control& control) {
  std::vector<RowGroup> groups(plan.last_group - plan.first_group);
  std::vector<std::uint64_t> bounds(groups.size(), 0);
  parallel_for(plan.n_workers, groups.size(), control, [&](std::size_t i, int) {
    const std::size_t g = plan.first_group + i;
    RowGroup& group = groups[i] = {plan.rows[g], plan.rows[g + 1], false, 0};
    for (const Run& run : runs) {
      group.most += static_cast<std::uint64_t>(run.nonzeros[g]);
      bounds[i] += static_cast<std::uint64_t>(run.largest[g]);
    }
    old.bound(group.first, group.last, group.most, bounds[i]);
    old.release(group.first, group.last);
    group.wide = bounds[i] > kUint32Max;
  });
  for (const std::uint64_t bound : bounds) largest = std::max(largest, bound);
  return groups;
}

}  // namespace

MergedRows merge_runs(const std::vector<Run>& runs, const std::vector<OldRows>& old_rows, const MergePlan& plan,
                      Control& control) {
  const File indices(plan.directory + "/indices", File::Mode::create);
  const File data(plan.directory + "/data", File::Mode::create);
  const OldCounts old(old_rows);
  const RunFiles files(runs);
  MergedRows result;
  std::uint64_t bound = 0;
  std::vector<RowGroup> groups = bounded_groups(runs, old, plan, bound, control);
  result.wide = bound > kInt32Max;
  std::uint64_t total = 0;
  for (const RowGroup& group : groups) total += group.most;
  control.set_total(total);

  const WordId first_row = plan.rows[plan.first_group];
  result.indptr.assign(static_cast<std::size_t>(plan.rows[plan.last_group] - first_row) + 1, 0);
  std::vector<Worker> workers;
  for (int w = 0; w < plan.n_workers; ++w) workers.emplace_back(plan.vocab_size);
  Turnstile turnstile;
  parallel_for(plan.n_workers, groups.size(), control, [&](std::size_t i, int w) {
    Worker& worker = workers[static_cast<std::size_t>(w)];
    const RowGroup& group = groups[i];
    merge_group(runs, files, old, plan.first_group + i, group, plan, worker, control);
    Offset next = turnstile.claim(i, static_cast<Offset>(worker.buffer.size()), control);
    write_group(indices, data, group, result.wide, next, worker);
    auto row = static_cast<std::size_t>(group.first - first_row);
    for (const Offset size : worker.buffer.row_sizes) result.indptr[++row] = next += size;
    worker.largest = std::max(worker.largest, worker.buffer.largest(group.wide));
    control.advance(group.most);
  });
  for (const Worker& worker : workers) result.largest = std::max(result.largest, worker.largest);
  return result;
}

}  // namespace fastqwem
