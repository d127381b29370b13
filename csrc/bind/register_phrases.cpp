// Counts of words and of joined neighbours, from which phrases are scored.
#include <memory>
#include <string>

#include "bind/arrays.h"
#include "bind/registers.h"
#include "counts/phrase_table.h"

namespace py = pybind11;

namespace fastqwem {
namespace {

std::string_view utf8(const py::handle& text) {
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

void add_words(PhraseWords& self, const py::list& words, const py::array& connectors) {
  const auto* const flags = input<bool>(connectors, "connectors");
  if (static_cast<std::size_t>(connectors.size()) != words.size()) {
    throw std::invalid_argument("connectors must have one flag for each word");
  }
  for (std::size_t i = 0; i < words.size(); ++i) self.add(utf8(words[i]), flags[i]);
}

void feed(PhraseTable& self, const py::array& ids, const py::array& ends) {
  const auto* const first = input<WordId>(ids, "ids");
  const auto* const end = input<std::uint32_t>(ends, "ends");
  self.feed(first, static_cast<std::size_t>(ids.size()), end, static_cast<std::size_t>(ends.size()));
}

py::list texts(const PhraseTable& self, const py::array& entries) {
  const auto* const numbers = input<std::int64_t>(entries, "entries");
  py::list all(entries.size());
  std::string text;
  for (py::ssize_t i = 0; i < entries.size(); ++i) {
    const auto entry = static_cast<std::size_t>(numbers[i]);
    if (entry >= self.size()) throw py::index_error("no such entry");
    text.clear();
    self.append_text(entry, text);
    all[static_cast<std::size_t>(i)] = py::str(text);
  }
  return all;
}

// The texts in UTF-8, one behind the other, where each ends, and their counts.
py::tuple packed(const PhraseTable& self) {
  std::string all;
  const auto size = static_cast<py::ssize_t>(self.size());
  py::array_t<std::int64_t> ends(size), counts(size);
  for (std::size_t i = 0; i < self.size(); ++i) {
    self.append_text(i, all);
    ends.mutable_data()[i] = static_cast<std::int64_t>(all.size());
    counts.mutable_data()[i] = static_cast<std::int64_t>(self.count(i));
  }
  py::array_t<std::uint8_t> bytes(static_cast<py::ssize_t>(all.size()),
                                  reinterpret_cast<const std::uint8_t*>(all.data()));
  return py::make_tuple(bytes, ends, counts);
}

void add_packed(PhraseTable& self, const py::array& bytes, const py::array& ends, const py::array& counts) {
  const char* const text = reinterpret_cast<const char*>(input<std::uint8_t>(bytes, "bytes"));
  const auto* const stops = input<std::int64_t>(ends, "ends");
  const auto* const amounts = input<std::int64_t>(counts, "counts");
  if (ends.size() != counts.size()) throw std::invalid_argument("counts must have one entry for each of ends");
  std::int64_t begin = 0;
  for (py::ssize_t i = 0; i < ends.size(); ++i) {
    if (stops[i] < begin || stops[i] > bytes.size()) throw std::invalid_argument("ends must not fall or exceed bytes");
    if (amounts[i] < 0) throw std::invalid_argument("counts must be at least 0");
    self.add({text + begin, static_cast<std::size_t>(stops[i] - begin)}, static_cast<std::uint64_t>(amounts[i]));
    begin = stops[i];
  }
}

// One row (entry, phrase, first, last, ways) per text that can be split.
py::array splittable(const PhraseTable& self, std::uint64_t min_count) {
  static_assert(sizeof(PhraseCounts) == 5 * sizeof(std::int64_t), "a row of five integers");
  const std::vector<PhraseCounts> rows = self.splittable(min_count);
  const auto size = static_cast<py::ssize_t>(rows.size());
  return py::array_t<std::int64_t>({size, py::ssize_t{5}}, reinterpret_cast<const std::int64_t*>(rows.data()));
}

}  // namespace

void register_phrases(py::module_& m) {
  py::class_<PhraseWords, std::shared_ptr<PhraseWords>>(m, "PhraseWords", "Words of phrases; see phrase_words.h.")
      .def(py::init([](const py::str& delimiter) {
             return std::make_shared<PhraseWords>(std::string(utf8(delimiter)));
           }),
           py::arg("delimiter"))
      .def("__len__", &PhraseWords::size)
      .def("add", &add_words, py::arg("words"), py::arg("connectors"),
           "Give new words the next ids; connectors (bool) tells which of them only join others.");

  py::class_<PhraseTable>(m, "PhraseTable", "Counts of words and joined neighbours; see csrc/counts/phrase_table.h.")
      .def(py::init([](const std::shared_ptr<PhraseWords>& words, std::uint64_t max_size) {
             return std::make_unique<PhraseTable>(words, max_size);
           }),
           py::arg("words"), py::arg("max_size"))
      .def("feed", &feed, py::arg("ids"), py::arg("ends"),
           "Count the next ids; ends says behind how many of them each sentence ends that ends here.")
      .def("finish", &PhraseTable::finish, "End the text.")
      .def("add_packed", &add_packed, py::arg("bytes"), py::arg("ends"), py::arg("counts"),
           "Add counts of texts in UTF-8, the inverse of packed().")
      .def("absorb", &PhraseTable::absorb, py::arg("other"), "Add the counts of a table of the same words.")
      .def("__len__", &PhraseTable::size)
      .def_property_readonly("n_words", &PhraseTable::n_words)
      .def_property("min_reduce", &PhraseTable::min_reduce, &PhraseTable::set_min_reduce)
      .def(
          "count", [](const PhraseTable& self, const py::str& text) { return self.count(utf8(text)); },
          py::arg("text"), "How often a text occurs; 0 if it is not here.")
      .def("texts", &texts, py::arg("entries"), "The texts of entries (int64), in the order of their appearance.")
      .def("packed", &packed, "(bytes, ends, counts): all texts in UTF-8, where each ends, how often it occurs.")
      .def("splittable", &splittable, py::arg("min_count"),
           "int64 (n, 5): entry, its count, those of its first and last part, and in how many ways it splits in two, "
           "for texts that hold the delimiter.");
}

}  // namespace fastqwem
