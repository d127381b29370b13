// Training by stochastic gradient descent: corpus arrays in, matrices out.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "bind/run.h"
#include "core/parallel.h"
#include "training/trainer.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

TokenStream stream(const py::array& ids, const py::array& offsets) {
  const TokenStream tokens{input<WordId>(ids, "ids"), input<Offset>(offsets, "offsets"), ids.size(),
                           offsets.size() - 1};
  if (tokens.n_sentences < 0 || tokens.offsets[0] != 0 || tokens.offsets[tokens.n_sentences] != tokens.n_tokens) {
    throw std::invalid_argument("offsets must start at 0 and end at the number of ids");
  }
  return tokens;
}

template <class T>
const T* of_length(const py::array& array, const char* name, py::ssize_t length) {
  const T* const data = input<T>(array, name);
  if (array.size() != length) {
    throw std::invalid_argument(std::string(name) + " must have " + std::to_string(length) + " entries");
  }
  return data;
}

PaddedMatrix& matrix_of(Trainer& trainer, const std::string& name) {
  Model& model = trainer.model();
  PaddedMatrix* const found = name == "input" ? &model.input : name == "output" ? &model.output
                              : name == "nodes" ? &model.nodes : nullptr;
  if (!found || found->empty()) throw std::invalid_argument("this trainer has no matrix \"" + name + "\"");
  return *found;
}

// A writable view; the trainer lives as long as it does.
py::array matrix_view(const py::object& self, const std::string& name) {
  PaddedMatrix& matrix = matrix_of(self.cast<Trainer&>(), name);
  return py::array_t<float>({matrix.rows(), matrix.columns()},
                            {matrix.stride() * static_cast<Offset>(sizeof(float)), static_cast<Offset>(sizeof(float))},
                            matrix.row(0), self);
}

py::array take(Trainer& trainer, const std::string& name) {
  PaddedMatrix& matrix = matrix_of(trainer, name);
  const Offset rows = matrix.rows(), columns = matrix.columns();
  auto* const buffer = new HugeBuffer<float>(matrix.take());
  const py::capsule owner(buffer, [](void* memory) { delete static_cast<HugeBuffer<float>*>(memory); });
  return py::array_t<float>({rows, columns}, buffer->data(), owner);
}

std::unique_ptr<Trainer> make_trainer(WordId vocab_size, int vector_size, const std::string& objective,
                                      const std::string& architecture, int window, int negative,
                                      int shared_negatives, bool shrink_windows, bool cbow_mean, bool tied, bool hs,
                                      bool exact_negatives, std::uint32_t held_out, std::uint64_t seed,
                                      const py::array& keep, const py::array& noise, const py::array& counts) {
  if (vocab_size < 1 || vector_size < 1 || window < 1 || negative < 0 || shared_negatives < 1) {
    throw std::invalid_argument("sizes must be positive");
  }
  TrainingOptions options;
  options.objective = objective == "qwem" ? Objective::qwem : Objective::sgns;
  options.architecture = architecture == "cbow" ? Architecture::cbow : Architecture::skipgram;
  options.vocab_size = vocab_size;
  options.vector_size = vector_size;
  options.window = window;
  options.negative = negative;
  options.shared_negatives = shared_negatives;
  options.shrink_windows = shrink_windows;
  options.cbow_mean = cbow_mean;
  options.tied = tied;
  options.hs = hs;
  options.exact_negatives = exact_negatives;
  options.held_out = held_out;
  options.seed = seed;
  return std::make_unique<Trainer>(options, of_length<std::uint32_t>(keep, "keep", vocab_size),
                                   of_length<double>(noise, "noise", vocab_size),
                                   of_length<std::int64_t>(counts, "counts", vocab_size));
}

void train(Trainer& trainer, const py::array& ids, const py::array& offsets, std::uint32_t epoch, Offset first_chunk,
           Offset last_chunk, const py::array& alphas, int n_workers, const py::object& progress) {
  const TokenStream tokens = stream(ids, offsets);
  const Offset n_chunks = (tokens.n_tokens + kTrainingChunk - 1) / kTrainingChunk;
  if (first_chunk < 0 || first_chunk > last_chunk || last_chunk > n_chunks || n_workers < 1) {
    throw std::invalid_argument("chunks must be between 0 and " + std::to_string(n_chunks));
  }
  const float* const rates = of_length<float>(alphas, "alphas", last_chunk - first_chunk);
  run_interruptible(progress, [&](Control& control) {
    trainer.train(tokens, epoch, first_chunk, last_chunk, rates, n_workers, control);
  });
}

py::tuple held_out_totals(Trainer& trainer, const py::array& ids, const py::array& offsets, std::uint32_t epoch,
                          int n_workers, const py::object& progress) {
  const TokenStream tokens = stream(ids, offsets);
  Totals totals;
  run_interruptible(progress, [&](Control& control) {
    totals = trainer.measure_held_out(tokens, epoch, n_workers, control);
  });
  return py::make_tuple(totals.loss, totals.pairs);
}

// A square matrix (two axes) or a row, padded on all axes as the rows of the model.
std::vector<float> padded(const py::array& array, const char* name, Offset rows, Offset columns) {
  if (array.ndim() > 2 || array.size() != rows * columns || !py::isinstance<py::array_t<float>>(array) ||
      !(array.flags() & py::array::c_style)) {
    throw std::invalid_argument(std::string(name) + " must be contiguous float32 of the vectors' size");
  }
  const Offset stride = PaddedMatrix::padded(columns);
  std::vector<float> out(static_cast<std::size_t>((array.ndim() == 2 ? stride : 1) * stride));
  const auto* const from = static_cast<const float*>(array.data());
  for (Offset i = 0; i < rows; ++i) std::copy_n(from + i * columns, columns, out.begin() + i * stride);
  return out;
}

void set_moments(Trainer& trainer, const py::array& output_mean, const py::array& output_second,
                 const py::array& input_mean, const py::array& input_second, const py::array& ratio,
                 float output_norm, float input_norm) {
  const Offset d = trainer.options().vector_size, v = trainer.options().vocab_size;
  Moments& moments = trainer.model().moments;
  moments.output_mean = padded(output_mean, "output_mean", 1, d);
  moments.output_second = padded(output_second, "output_second", d, d);
  moments.input_mean = padded(input_mean, "input_mean", 1, d);
  moments.input_second = padded(input_second, "input_second", d, d);
  moments.output_norm = output_norm;
  moments.input_norm = input_norm;
  const float* const r = of_length<float>(ratio, "ratio", v);
  moments.ratio.assign(r, r + v);
}

void set_locks(Trainer& trainer, const py::array& locks) {
  const auto v = static_cast<py::ssize_t>(trainer.options().vocab_size);
  const float* const values = of_length<float>(locks, "locks", v);
  trainer.model().locks.assign(values, values + v);
}

void set_huffman(Trainer& trainer, const py::array& ends, const py::array& points, const py::array& codes) {
  const Offset v = trainer.options().vocab_size;
  if (!trainer.options().hs) throw std::invalid_argument("this trainer has no tree");
  HuffmanTree tree;
  const Offset* const to_ends = of_length<Offset>(ends, "ends", v);
  tree.ends.assign(to_ends, to_ends + v);
  for (Offset word = 0; word < v; ++word) {
    if (tree.ends[word] < tree.begin(static_cast<WordId>(word))) throw std::invalid_argument("ends must rise");
  }
  const WordId* const to_points = of_length<WordId>(points, "points", tree.ends.back());
  const auto* const to_codes = of_length<std::uint8_t>(codes, "codes", tree.ends.back());
  tree.points.assign(to_points, to_points + tree.ends.back());
  tree.codes.assign(to_codes, to_codes + tree.ends.back());
  for (const WordId point : tree.points) {
    if (point < 0 || point >= v - 1) throw std::invalid_argument("points must be rows of the matrix of nodes");
  }
  trainer.set_tree(std::move(tree));
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

struct SampleList {
  std::vector<Offset> centers, block, pairs;
  std::vector<WordId> negatives;
  std::vector<std::uint8_t> sizes;
};

// What one chunk trains on, read off the very blocks that training would use.
void list_chunk(const Trainer& trainer, const TokenStream& tokens, std::uint32_t key, Offset chunk, SampleList& out) {
  KeptLine line;
  BlockMaker maker(trainer.sampler(), trainer.tree(), BlockMaker::Centers::trained);
  trainer.sampler().fill(tokens, key, chunk, line);
  maker.begin(line, key);
  Block block;
  while (maker.next(block)) {
    if (block.kind == Block::Outputs::nodes && trainer.options().negative > 0) continue;
    const Offset number = out.block.empty() ? 0 : out.block.back() + 1;
    const int n_outputs = block.n_outputs;
    for (int t = 0; t < block.n_centers; ++t) {
      out.centers.push_back(line.positions[block.center_at[t]]);
      out.block.push_back(number);
      const bool bag = block.bags_of_inputs;
      const int from = bag ? block.bags[t].begin : 0;
      const int to = bag ? block.bags[t].end : block.n_inputs;
      for (int i = from; i < to; ++i) {
        if (!bag && block.kind == Block::Outputs::words && block.weights[static_cast<std::size_t>(i * n_outputs + t)] == 0) continue;
        out.pairs.push_back(line.positions[block.center_at[t]]);
        out.pairs.push_back(line.positions[block.input_at[i]]);
      }
    }
    if (block.kind == Block::Outputs::words) {
      out.negatives.insert(out.negatives.end(), block.outputs.begin() + block.n_centers,
                           block.outputs.begin() + n_outputs);
    }
  }
}

py::dict samples(const Trainer& trainer, const py::array& ids, const py::array& offsets, std::uint32_t epoch,
                 int n_workers) {
  const TokenStream tokens = stream(ids, offsets);
  const auto n_chunks = static_cast<std::size_t>((tokens.n_tokens + kTrainingChunk - 1) / kTrainingChunk);
  std::vector<SampleList> parts(n_chunks);
  const std::uint32_t key = trainer.sampler().epoch_key(epoch);
  run_interruptible(py::none(), [&](Control& control) {
    parallel_for(n_workers, n_chunks, control, [&](std::size_t chunk, int) {
      list_chunk(trainer, tokens, key, static_cast<Offset>(chunk), parts[chunk]);
    });
  });
  SampleList all;
  for (const SampleList& part : parts) {
    const Offset first = all.block.empty() ? 0 : all.block.back() + 1;
    for (const Offset number : part.block) all.block.push_back(first + number);
    all.centers.insert(all.centers.end(), part.centers.begin(), part.centers.end());
    all.pairs.insert(all.pairs.end(), part.pairs.begin(), part.pairs.end());
    all.negatives.insert(all.negatives.end(), part.negatives.begin(), part.negatives.end());
  }
  const TrainingOptions& options = trainer.options();
  const int k = options.exact_negatives ? 0 : options.negative * draws_per_negative(options.shared_negatives);
  const Offset n_blocks = all.block.empty() ? 0 : all.block.back() + 1;
  py::dict out;
  out["centers"] = to_array(all.centers);
  out["block"] = to_array(all.block);
  out["pairs"] = to_array(all.pairs).reshape({static_cast<py::ssize_t>(all.pairs.size() / 2), py::ssize_t{2}});
  out["negatives"] = to_array(all.negatives).reshape({static_cast<py::ssize_t>(n_blocks), static_cast<py::ssize_t>(k)});
  return out;
}

py::tuple alias_table(const Trainer& trainer) {
  std::vector<std::uint32_t> threshold;
  std::vector<WordId> alias;
  for (const AliasTable::Column& column : trainer.sampler().noise().columns()) {
    threshold.push_back(column.threshold);
    alias.push_back(column.alias);
  }
  return py::make_tuple(to_array(threshold), to_array(alias));
}

py::tuple to_tuple(const HuffmanTree& tree) {
  return py::make_tuple(to_array(tree.ends), to_array(tree.points), to_array(tree.codes));
}

py::tuple huffman(const Trainer& trainer) { return to_tuple(trainer.tree()); }

py::tuple huffman_tree(const py::array& counts) {
  if (counts.size() > std::numeric_limits<WordId>::max()) throw std::invalid_argument("too many words for a tree");
  return to_tuple(build_huffman(input<std::int64_t>(counts, "counts"), static_cast<WordId>(counts.size())));
}

}  // namespace

void register_training(py::module_& m) {
  m.attr("TRAINING_CHUNK") = kTrainingChunk;
  m.def("huffman_tree", &huffman_tree, py::arg("counts"),
        "The tree of hierarchical softmax, as `Trainer.huffman` returns it, for counts in any order.");
  py::class_<Trainer>(m, "Trainer", "Matrices and the samplers and kernels that train them; see training/spec.")
      .def(py::init(&make_trainer), py::kw_only(), py::arg("vocab_size"), py::arg("vector_size"),
           py::arg("objective"), py::arg("architecture"), py::arg("window"), py::arg("negative"),
           py::arg("shared_negatives"), py::arg("shrink_windows"), py::arg("cbow_mean"), py::arg("tied"),
           py::arg("hs"), py::arg("exact_negatives"), py::arg("held_out"), py::arg("seed"), py::arg("keep"),
           py::arg("noise"), py::arg("counts"))
      .def("matrix", &matrix_view, py::arg("name"), "A writable (rows, d) view of \"input\", \"output\" or \"nodes\".")
      .def("take", &take, py::arg("name"), "Move a matrix out, C-contiguous, without copying it elsewhere.")
      .def("train", &train, py::arg("ids"), py::arg("offsets"), py::arg("epoch"), py::arg("first_chunk"),
           py::arg("last_chunk"), py::arg("alphas"), py::arg("n_workers"), py::arg("progress"),
           "Train on chunks [first, last) of an epoch, each at its own rate.")
      .def("held_out_totals", &held_out_totals, py::arg("ids"), py::arg("offsets"), py::arg("epoch"),
           py::arg("n_workers"), py::arg("progress"), "(loss, pairs) of the held-out centres, nothing trained.")
      .def("set_moments", &set_moments, py::arg("output_mean"), py::arg("output_second"), py::arg("input_mean"),
           py::arg("input_second"), py::arg("ratio"),
           py::arg("output_norm"), py::arg("input_norm"), "Moments that exact negatives need.")
      .def("set_locks", &set_locks, py::arg("locks"),
           "What updates of each word's input row are multiplied by, float32 (V,).")
      .def("set_huffman", &set_huffman, py::arg("ends"), py::arg("points"), py::arg("codes"),
           "Use this tree, in the form of `huffman`, instead of that of the counts.")
      .def("totals", [](const Trainer& t) { const Totals s = t.totals(); return py::make_tuple(s.loss, s.pairs, s.words); },
           "(loss, pairs, centres) since the last reset.")
      .def("reset_totals", &Trainer::reset_totals, "Start the totals from zero.")
      .def("samples", &samples, py::arg("ids"), py::arg("offsets"), py::arg("epoch"), py::arg("n_workers"),
           "Everything that an epoch trains on, without training.")
      .def("alias_table", &alias_table, "(threshold, alias) of the noise distribution.")
      .def("huffman", &huffman, "(end of each word's path, inner nodes, branches).")
      .def_property_readonly("next_chunk", &Trainer::next_chunk)
      .def_property_readonly("diverged", &Trainer::diverged);
}

}  // namespace fastqwem
