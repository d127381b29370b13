// Co-occurrence counting: corpus arrays in, CSR arrays out.
#include <limits>
#include <memory>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "bind/run.h"
#include "counts/in_memory.h"
#include "counts/position_index.h"
#include "counts/spilled.h"

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

py::tuple count_on_disk(const py::array& ids, const py::array& offsets, WordId vocab_size, const py::array& weights,
                        int n_workers, bool mapped, Offset stretch, std::uint64_t group_nonzeros, const py::bytes& directory,
                        const py::object& progress) {
  const CorpusView corpus = view(ids, offsets, vocab_size, mapped);
  const Window window = make_window(weights);
  if (stretch < 1 || stretch > kMaxStretch) throw std::invalid_argument("stretch must be between 1 and 2^31");
  const SpillPlan plan{stretch, group_nonzeros, directory, n_workers};
  SpilledCounts counts;
  run_interruptible(progress, [&](Control& control) { counts = count_spilled(corpus, window, plan, control); });
  py::array_t<Offset> indptr(static_cast<py::ssize_t>(counts.indptr.size()), counts.indptr.data());
  return py::make_tuple(indptr, counts.wide, counts.largest, counts.n_runs, counts.run_bytes);
}

}  // namespace

void register_counts(py::module_& m) {
  m.def("count_in_memory", &count_in_memory, py::arg("ids"), py::arg("offsets"), py::arg("vocab_size"),
        py::arg("weights"), py::arg("n_workers"), py::arg("progress"),
        "Count a whole corpus; returns (indptr, indices, data) of the symmetric matrix.");
  m.def("count_on_disk", &count_on_disk, py::arg("ids"), py::arg("offsets"), py::arg("vocab_size"),
        py::arg("weights"), py::arg("n_workers"), py::arg("mapped"), py::arg("stretch"), py::arg("group_nonzeros"),
        py::arg("directory"), py::arg("progress"),
        "Count in stretches with files in `directory`; returns (indptr, whether data is int64, largest count, "
        "number of runs, bytes of all runs) and leaves the files 'indices' and 'data' there.");
}

}  // namespace fastqwem
