// Text to ids: Encoder for files and streams, IdBlocks for iterables that _tokens.pyx has walked.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <climits>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bind/registers.h"
#include "bind/run.h"
#include "core/errors.h"
#include "text/encoder.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

using text::Encoder;
using Ids = py::array_t<WordId, py::array::c_style>;

constexpr const char* kPages = "fastqwem pages";

// A read-only array that owns the pages.
template <class T>
py::array to_array(text::Pages&& pages, std::size_t n) {
  auto* owned = new text::Pages(std::move(pages));
  const py::capsule owner(owned, kPages, [](void* p) { delete static_cast<text::Pages*>(p); });
  py::array_t<T> array(static_cast<py::ssize_t>(n), owned->as<T>(), owner);
  array.attr("flags").attr("writeable") = false;
  return array;
}

// Lets the pages of such an array, or of a view of it, leave memory if they are mapped from a file.
void release_pages(const py::array& array) {
  py::object owner = array.base();
  while (py::isinstance<py::array>(owner)) owner = py::reinterpret_borrow<py::array>(owner).base();
  if (owner && PyCapsule_IsValid(owner.ptr(), kPages)) {
    static_cast<const text::Pages*>(PyCapsule_GetPointer(owner.ptr(), kPages))->let_go();
  }
}

py::tuple to_arrays(text::Encoded&& encoded) {
  return py::make_tuple(to_array<WordId>(std::move(encoded.ids), encoded.n_tokens),
                        to_array<Offset>(std::move(encoded.offsets), encoded.n_sentences + 1));
}

std::vector<WordId> to_vector(const Ids& ids, const char* name) {
  if (ids.ndim() != 1) throw std::invalid_argument(std::string(name) + " must have one dimension");
  return {ids.data(), ids.data() + ids.size()};
}

text::EncoderOptions make_options(int workers, std::uint64_t memory, const py::bytes& scratch, std::size_t block) {
  if (workers < 1 || block < 1 || block > text::kMaxBlock / 2) {
    throw std::invalid_argument("workers and block must be at least 1");
  }
  text::EncoderOptions options;
  options.workers = workers;
  options.memory = memory;
  options.scratch = scratch;
  options.block = block;
  return options;
}

std::unique_ptr<Encoder> make_encoder(int workers, std::uint64_t memory, const py::bytes& scratch, std::size_t block,
                                      const std::optional<py::list>& words) {
  const text::EncoderOptions options = make_options(workers, memory, scratch, block);
  if (!words) return std::make_unique<Encoder>(options);
  std::vector<std::string_view> vocabulary;
  for (const py::handle word : *words) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(word.ptr(), &size);
    if (data == nullptr) throw py::error_already_set();
    vocabulary.emplace_back(data, static_cast<std::size_t>(size));
  }
  return std::make_unique<Encoder>(options, vocabulary);
}

void encode_files(Encoder& self, const std::vector<std::tuple<py::bytes, std::int64_t, std::uint64_t>>& files,
                  const py::object& progress) {
  std::vector<text::TextFile> plain;
  for (const auto& [path, source, size] : files) plain.push_back({path, source, size});
  run_interruptible(progress, [&](Control& control) { self.encode_files(plain, control); });
}

py::list words_of(const Encoder& self, const Ids& raw_ids) {
  py::list words(raw_ids.size());
  for (py::ssize_t i = 0; i < raw_ids.size(); ++i) {
    const auto raw = static_cast<std::size_t>(raw_ids.at(i));
    if (raw >= self.n_words()) throw py::index_error("no such word");
    const std::string_view word = self.word(raw);
    PyObject* text = PyUnicode_DecodeUTF8(word.data(), static_cast<Py_ssize_t>(word.size()), "strict");
    if (text == nullptr) throw py::error_already_set();
    PyList_SET_ITEM(words.ptr(), i, text);
  }
  return words;
}

py::array counts_of(const Encoder& self) {
  py::array_t<std::int64_t> counts(static_cast<py::ssize_t>(self.n_words()));
  std::int64_t* out = counts.mutable_data();
  for (std::size_t i = 0; i < self.n_words(); ++i) out[i] = static_cast<std::int64_t>(self.count(i));
  return counts;
}

py::array rank(const Encoder& self, std::uint64_t min_count, std::size_t max_words) {
  std::vector<WordId> order;
  {
    const py::gil_scoped_release release;
    order = self.rank(min_count, max_words);
  }
  return py::array_t<WordId>(static_cast<py::ssize_t>(order.size()), order.data());
}

py::tuple finish_encoder(Encoder& self, const Ids& order, const py::object& progress) {
  const std::vector<WordId> raw_ids = to_vector(order, "order");
  text::Encoded encoded;
  run_interruptible(progress, [&](Control& control) { encoded = self.finish(raw_ids, control); });
  return to_arrays(std::move(encoded));
}

// The store alone, for blocks of ids that Python makes.
struct IdBlocks {
  IdBlocks(std::uint64_t memory, const py::bytes& scratch) : budget(memory), store(budget, scratch) {}

  void append(const Ids& ids, const py::array_t<std::uint32_t, py::array::c_style>& ends) {
    text::Block block;
    block.sequence = sequence++;
    block.n_tokens = static_cast<std::size_t>(ids.size());
    block.n_ends = static_cast<std::size_t>(ends.size());
    block.ids = text::Pages(block.n_tokens * sizeof(WordId));
    block.ends = text::Pages(block.n_ends * sizeof(std::uint32_t));
    for (py::ssize_t i = 0; i < ids.size(); ++i) {
      if (ids.data()[i] >= bound) bound = ids.data()[i] + 1;
    }
    for (py::ssize_t i = 0; i < ends.size(); ++i) {
      const std::uint32_t end = ends.data()[i];
      if (end > block.n_tokens || (i > 0 && end <= ends.data()[i - 1])) {
        throw std::invalid_argument("ends must rise and lie in the block");
      }
    }
    std::memcpy(block.ids.as<char>(), ids.data(), block.ids.size());
    std::memcpy(block.ends.as<char>(), ends.data(), block.ends.size());
    const py::gil_scoped_release release;
    store.add(std::move(block));
  }

  py::tuple finish(const Ids& translation, int workers, const py::object& progress) {
    if (translation.size() < bound) throw std::invalid_argument("the translation must cover all ids");
    const text::Translations translations{to_vector(translation, "translation")};
    text::Encoded encoded;
    run_interruptible(progress,
                      [&](Control& control) { encoded = store.finish(translations, workers, control); });
    return to_arrays(std::move(encoded));
  }

  text::Budget budget;
  text::BlockStore store;
  std::int64_t sequence = 0;
  WordId bound = 0;
};

}  // namespace

void register_text(py::module_& m) {
  m.def("release_pages", &release_pages, py::arg("array"),
        "Let an array that text was encoded to, or a view of it, leave memory if it is mapped from a file.");
  py::class_<Encoder>(m, "TextEncoder", "Text to vocabulary and ids; see csrc/text/encoder.h.")
      .def(py::init(&make_encoder), py::arg("workers"), py::arg("memory"), py::arg("scratch"), py::arg("block"),
           py::arg("words") = py::none())
      .def("count_only", &Encoder::count_only, "Keep words and their counts, but no ids: there is no finish() then.")
      .def("encode_files", &encode_files, py::arg("files"), py::arg("progress"),
           "Encode plain files, given as (path, place in the corpus, size in bytes).")
      .def(
          "begin_stream",
          [](Encoder& self, const std::string& name, std::int64_t source) { self.begin_stream(name, source); },
          py::arg("name"), py::arg("source"))
      .def(
          "feed",
          [](Encoder& self, const py::bytes& bytes) {
            const std::string_view view = bytes;
            const py::gil_scoped_release release;
            self.feed(view);
          },
          py::arg("data"), "Encode the next bytes of the stream.")
      .def("end_stream", &Encoder::end_stream, py::call_guard<py::gil_scoped_release>())
      .def(
          "merge",
          [](Encoder& self) {
            run_interruptible(py::none(), [&](Control& control) { self.merge(control); });
          },
          "Join the workers' tables; afterwards raw ids number the words.")
      .def_property_readonly("n_tokens", &Encoder::n_tokens)
      .def_property_readonly("n_words", &Encoder::n_words)
      .def_property_readonly("spilled", &Encoder::spilled)
      .def("counts", &counts_of, "int64 (n_words,): occurrences by raw id.")
      .def("words", &words_of, py::arg("raw_ids"))
      .def("rank", &rank, py::arg("min_count"), py::arg("max_words"), "Raw ids in order of falling count, then word.")
      .def("finish", &finish_encoder, py::arg("order"), py::arg("progress"),
           "The ids and offsets, where word order[i] has the id i.");

  py::class_<IdBlocks>(m, "IdBlocks", "Collects blocks of ids and makes the arrays of a corpus of them.")
      .def(py::init<std::uint64_t, const py::bytes&>(), py::arg("memory"), py::arg("scratch"))
      .def("append", &IdBlocks::append, py::arg("ids").noconvert(), py::arg("ends").noconvert(),
           "Add ids and, for each sentence that ends in the block, the number of ids before its end.")
      .def(
          "charge", [](IdBlocks& self, std::uint64_t bytes) { self.budget.charge(bytes); }, py::arg("bytes"),
          "Count memory that Python holds against the budget.")
      .def_property_readonly("n_tokens", [](const IdBlocks& self) { return self.store.n_tokens(); })
      .def_property_readonly("spilled", [](const IdBlocks& self) { return self.store.spilled(); })
      .def("finish", &IdBlocks::finish, py::arg("translation").noconvert(), py::arg("workers"), py::arg("progress"),
           "The ids and offsets, with every id replaced by its translation and negative ones dropped.");
}

}  // namespace fastqwem
