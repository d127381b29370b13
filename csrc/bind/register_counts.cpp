// Co-occurrence counting: corpus arrays in, CSR arrays out.
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <pybind11/stl.h>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "bind/run.h"
#include "counts/count_run.h"
#include "counts/in_memory.h"
#include "counts/merge_runs.h"
#include "counts/position_index.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

CorpusView view(const py::array& ids, const py::array& offsets, WordId vocab_size, bool mapped) {
  CorpusView corpus{input<WordId>(ids, "ids"), input<Offset>(offsets, "offsets"), ids.size(), offsets.size() - 1,
                    vocab_size, mapped};
  if (corpus.n_sentences < 0 || corpus.offsets[0] != 0 || corpus.offsets[corpus.n_sentences] != corpus.n_tokens) {
    throw std::invalid_argument("offsets must start at 0 and end at the number of ids");
  }
  for (Offset s = 0; s < corpus.n_sentences; ++s) {
    if (corpus.offsets[s] > corpus.offsets[s + 1]) throw std::invalid_argument("offsets must not fall");
  }
  return corpus;
}

Window make_window(const py::array& weights) {
  const auto* const first = input<std::uint32_t>(weights, "weights");
  if (weights.size() < 1 || weights.size() > kMaxWindow) {
    throw std::invalid_argument("window must be between 1 and 65535");
  }
  return {{first, first + weights.size()}};
}

template <class Out>
py::tuple to_arrays(CountedRows& rows, WordId vocab_size, int n_workers) {
  py::array_t<Offset> indptr(vocab_size + 1);
  py::array_t<WordId> indices(rows.nonzeros());
  py::array_t<Out> data(rows.nonzeros());
  Offset* const p = indptr.mutable_data();
  WordId* const i = indices.mutable_data();
  Out* const d = data.mutable_data();
  run_interruptible(py::none(), [&](Control& control) { rows.move_to(p, i, d, n_workers, control); });
  return py::make_tuple(indptr, indices, data);
}

py::tuple count_in_memory(const py::array& ids, const py::array& offsets, WordId vocab_size,
                          const py::array& weights, int n_workers, const py::object& progress) {
  const CorpusView corpus = view(ids, offsets, vocab_size, false);
  const Window window = make_window(weights);
  if (corpus.n_tokens > kMaxStretch) throw std::invalid_argument("too many tokens to count in one stretch");
  std::unique_ptr<CountedRows> rows;
  run_interruptible(progress, [&](Control& control) {
    rows = std::make_unique<CountedRows>(corpus, window, n_workers, control);
  });
  if (rows->largest() <= std::numeric_limits<std::int32_t>::max()) {
    return to_arrays<std::int32_t>(*rows, vocab_size, n_workers);
  }
  return to_arrays<std::int64_t>(*rows, vocab_size, n_workers);
}

template <class T>
py::array_t<T> copied(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

template <class T>
std::vector<T> vector_of(const py::array& array, const char* name) {
  const T* const first = input<T>(array, name);
  return {first, first + array.size()};
}

py::array occurrences(const py::array& ids, const py::array& offsets, WordId vocab_size, bool mapped) {
  const CorpusView corpus = view(ids, offsets, vocab_size, mapped);
  std::vector<Offset> found;
  run_interruptible(py::none(), [&](Control& control) { found = count_occurrences(corpus, control); });
  return copied(found);
}

py::array row_cuts(const py::array& occurrences, const py::array& weights, std::uint64_t nonzeros) {
  return copied(cut_rows(vector_of<Offset>(occurrences, "occurrences"), make_window(weights), nonzeros));
}

// The first rows of groups, judged: runs and merges are laid out by them.
std::vector<WordId> judged_rows(const py::array& array, WordId vocab_size) {
  std::vector<WordId> rows = vector_of<WordId>(array, "rows");
  bool sound = !rows.empty() && rows.front() == 0 && rows.back() == vocab_size;
  for (std::size_t g = 1; g < rows.size(); ++g) sound = sound && rows[g - 1] < rows[g];
  if (!sound) throw std::invalid_argument("rows must rise from 0 to the size of the vocabulary");
  return rows;
}

py::tuple count_stretch(const py::array& ids, const py::array& offsets, WordId vocab_size, const py::array& weights,
                        int n_workers, bool mapped, Offset first, Offset last, const py::array& rows,
                        const py::bytes& path, const py::object& progress) {
  const CorpusView corpus = view(ids, offsets, vocab_size, mapped);
  const Window window = make_window(weights);
  if (first < 0 || last < first || last > corpus.n_tokens || last - first > kMaxStretch) {
    throw std::invalid_argument("a stretch must lie in the corpus and hold at most 2^31 tokens");
  }
  const std::vector<WordId> cuts = judged_rows(rows, vocab_size);
  const std::string file = path;
  RunTable table(0);
  run_interruptible(progress, [&](Control& control) {
    table = count_run(corpus, window, first, last, cuts, n_workers, file, control);
  });
  return py::make_tuple(copied(table.starts), copied(table.nonzeros), copied(table.largest));
}

using RunArguments = std::tuple<py::bytes, Offset, py::array, py::array, py::array>;
using OldArguments = std::tuple<WordId, py::array, py::array, py::array, bool>;

std::vector<Run> runs_of(const std::vector<RunArguments>& arguments, std::size_t n_groups) {
  std::vector<Run> runs;
  for (const auto& [path, base, starts, nonzeros, largest] : arguments) {
    Run run{path, base, input<Offset>(starts, "starts"), input<Offset>(nonzeros, "nonzeros"),
            input<Offset>(largest, "largest")};
    bool sound = static_cast<std::size_t>(starts.size()) == n_groups + 1 &&
                 static_cast<std::size_t>(nonzeros.size()) == n_groups &&
                 static_cast<std::size_t>(largest.size()) == n_groups && base >= 0 && run.starts[0] >= 0;
    for (std::size_t g = 0; sound && g < n_groups; ++g) {
      sound = run.starts[g] <= run.starts[g + 1] && run.nonzeros[g] >= 0 && run.largest[g] >= 0 &&
              run.nonzeros[g] <= run.starts[g + 1] - run.starts[g];  // each takes two bytes at least
    }
    if (!sound) throw std::invalid_argument(run.path + ": a damaged table of blocks");
    runs.push_back(run);
  }
  return runs;
}

std::vector<OldRows> old_rows_of(const std::vector<OldArguments>& arguments, WordId vocab_size) {
  std::vector<OldRows> parts;
  for (const auto& [first, indptr, indices, data, mapped] : arguments) {
    const Offset* const bounds = input<Offset>(indptr, "indptr");
    const auto n_rows = static_cast<WordId>(indptr.size() - 1);
    bool sound = first >= 0 && n_rows >= 0 && first + n_rows <= vocab_size && bounds[0] == 0 &&
                 bounds[n_rows] == indices.size() && indices.size() == data.size();
    for (WordId r = 0; sound && r < n_rows; ++r) sound = bounds[r] <= bounds[r + 1];
    if (!sound) throw std::invalid_argument("older counts whose parts do not fit together");
    const bool narrow = py::isinstance<py::array_t<std::int32_t>>(data);
    parts.push_back({first, first + n_rows, bounds, input<WordId>(indices, "indices"),
                     narrow ? input<std::int32_t>(data, "data") : nullptr,
                     narrow ? nullptr : input<std::int64_t>(data, "data"), mapped});
  }
  return parts;
}

py::tuple merge(const std::vector<RunArguments>& run_arguments, const std::vector<OldArguments>& old_arguments,
                const py::array& rows, std::size_t first_group, std::size_t last_group, WordId vocab_size,
                int n_workers, std::size_t buffer_bytes, const py::bytes& directory, const py::object& progress) {
  MergePlan plan{judged_rows(rows, vocab_size), first_group, last_group, vocab_size, n_workers, buffer_bytes,
                 directory};
  if (first_group > last_group || last_group + 1 > plan.rows.size()) {
    throw std::invalid_argument("groups must be a range of those that rows make");
  }
  const std::vector<Run> runs = runs_of(run_arguments, plan.rows.size() - 1);
  const std::vector<OldRows> old = old_rows_of(old_arguments, vocab_size);
  MergedRows merged;
  run_interruptible(progress, [&](Control& control) { merged = merge_runs(runs, old, plan, control); });
  return py::make_tuple(copied(merged.indptr), merged.wide, merged.largest);
}

}  // namespace

void register_counts(py::module_& m) {
  m.def("count_in_memory", &count_in_memory, py::arg("ids"), py::arg("offsets"), py::arg("vocab_size"),
        py::arg("weights"), py::arg("n_workers"), py::arg("progress"),
        "Count a whole corpus; returns (indptr, indices, data) of the symmetric matrix.");
  m.def("occurrences", &occurrences, py::arg("ids"), py::arg("offsets"), py::arg("vocab_size"), py::arg("mapped"),
        "How often each word occurs, int64 (vocab_size,).");
  m.def("row_cuts", &row_cuts, py::arg("occurrences"), py::arg("weights"), py::arg("nonzeros"),
        "First rows of groups of at most so many entries, or one row, and the number of rows at the end.");
  m.def("count_stretch", &count_stretch, py::arg("ids"), py::arg("offsets"), py::arg("vocab_size"), py::arg("weights"),
        py::arg("n_workers"), py::arg("mapped"), py::arg("first"), py::arg("last"), py::arg("rows"), py::arg("path"),
        py::arg("progress"),
        "Count the tokens [first, last) into a run file; returns (starts, nonzeros, largest) of its blocks, one for "
        "each group of rows.");
  m.def("merge_runs", &merge, py::arg("runs"), py::arg("old"), py::arg("rows"), py::arg("first_group"),
        py::arg("last_group"), py::arg("vocab_size"), py::arg("n_workers"), py::arg("buffer_bytes"),
        py::arg("directory"), py::arg("progress"),
        "Add runs, given as (path, base, starts, nonzeros, largest), and older counts, given as (first row, indptr, "
        "indices, data, mapped); returns (indptr, whether data is int64, largest count) and leaves the files "
        "'indices' and 'data' in `directory`.");
}

}  // namespace fastqwem
