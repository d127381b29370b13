// Vectors as lines of decimal numbers, read and written. Only what is plain is done here, and the caller is told
// where it is not: it has the slow way for everything else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastqwem {

// Lines of a word, and behind it numbers separated by one blank each.
template <class T>
struct DecimalRows {
  std::vector<std::int64_t> words;  // begin and end of the word of each line, in the text
  std::vector<T> values;            // n x size
  std::size_t next = 0;             // the first line that was not read
};

// Reads at most `limit` lines of text[begin, end), the last of which may lack its newline, and stops before the first
// one that is not plain: another separator, a number that is not finite in T or spelt otherwise than from_chars takes
// it, too few fields. Lines are cut from the right, so a word may hold blanks; none if it must be `bare`.
template <class T>
DecimalRows<T> read_decimal_rows(std::string_view text, std::size_t begin, std::size_t end, std::size_t size,
                                 std::size_t limit, bool bare);

// Appends the shortest decimal numbers that give the values back, separated by blanks, as NumPy prints them. Returns
// false, with `out` as it was, if a value is in none of the ranges where all versions of NumPy print alike.
bool write_decimal_row(const float* values, std::size_t size, std::string& out);

}  // namespace fastqwem
