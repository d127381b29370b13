#include "vectors/decimal_rows.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace fastqwem {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The number that is all of [begin, end): parsed as double and then rounded to T, which is what Python does.
template <class T>
bool read_number(const char* begin, const char* end, T& out) {
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  out = static_cast<T>(value);
  return error == std::errc() && stop == end && std::isfinite(out);
}

// Fills out[0, size) from the end of a line and moves `end` to the end of the word; false if the line is not plain.
template <class T>
bool read_line(const char* begin, const char*& end, std::size_t size, bool bare, T* out) {
  while (end > begin && is_space(end[-1])) --end;
  for (std::size_t k = size; k-- > 0;) {
    const char* field = end;
    while (field > begin && field[-1] != ' ') --field;
    if (field == begin || !read_number(field, end, out[k])) return false;
    end = field - 1;
  }
  if (!bare) return true;
  for (const char* c = begin; c < end; ++c) {
    if (is_space(*c)) return false;
  }
  return end > begin;
}

}  // namespace

template <class T>
DecimalRows<T> read_decimal_rows(std::string_view text, std::size_t begin, std::size_t end, std::size_t size,
                                 std::size_t limit, bool bare) {
  DecimalRows<T> rows;
  std::vector<T> line(size);
  const char* const base = text.data();
  const char* const stop = base + end;
  const char* at = base + begin;
  for (std::size_t n = 0; n < limit && at < stop; ++n) {
    const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(stop - at)));
    const char* word_end = newline != nullptr ? newline : stop;
    if (!read_line(at, word_end, size, bare, line.data())) break;
    rows.words.push_back(at - base);
    rows.words.push_back(word_end - base);
    rows.values.insert(rows.values.end(), line.begin(), line.end());
    at = newline != nullptr ? newline + 1 : stop;
  }
  rows.next = static_cast<std::size_t>(at - base);
  return rows;
}

template DecimalRows<float> read_decimal_rows(std::string_view, std::size_t, std::size_t, std::size_t, std::size_t,
                                              bool);
template DecimalRows<double> read_decimal_rows(std::string_view, std::size_t, std::size_t, std::size_t, std::size_t,
                                               bool);

bool write_decimal_row(const float* values, std::size_t size, std::string& out) {
  const std::size_t before = out.size();
  char digits[64];
  for (std::size_t k = 0; k < size; ++k) {
    const float magnitude = std::fabs(values[k]);
    // Below 1e-4 NumPy writes 1e-05; from 1e4 on versions differ, and near 1e-4 the digits decide.
    const bool small = magnitude > 0 && magnitude < 9e-5F;
    if (!small && magnitude != 0 && !(magnitude > 1.1e-4F && magnitude < 1e4F)) {
      out.resize(before);
      return false;
    }
    const auto format = small ? std::chars_format::scientific : std::chars_format::fixed;
    const auto end = std::to_chars(digits, digits + sizeof(digits), values[k], format).ptr;
    if (k > 0) out += ' ';
    out.append(digits, end);
    if (!small && std::memchr(digits, '.', static_cast<std::size_t>(end - digits)) == nullptr) out += ".0";
  }
  return true;
}

}  // namespace fastqwem
