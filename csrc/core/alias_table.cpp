#include "core/alias_table.h"

#include <cmath>
#include <stdexcept>

namespace fastqwem {
namespace {

constexpr double kOne = 4294967296.0;  // 2^32
constexpr std::uint32_t kAlways = 0xFFFFFFFFu;

}  // namespace

// Doubles are added and subtracted in a fixed order, so the same weights give the same table everywhere.
AliasTable::AliasTable(const std::vector<double>& weights) : columns_(weights.size()) {
  double total = 0;
  for (const double weight : weights) {
    if (!(weight >= 0) || !std::isfinite(weight)) throw std::invalid_argument("noise weights must be at least 0");
    total += weight;
  }
  if (!(total > 0) || !std::isfinite(total)) throw std::invalid_argument("noise weights must have a positive sum");
  const double factor = static_cast<double>(weights.size()) / total;
  std::vector<double> rest(weights.size());
  std::vector<WordId> small, large;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    rest[i] = weights[i] * factor;
    (rest[i] < 1 ? small : large).push_back(static_cast<WordId>(i));
    columns_[i] = {kAlways, static_cast<WordId>(i)};
  }
  while (!small.empty() && !large.empty()) {
    const WordId less = small.back(), more = large.back();
    small.pop_back();
    large.pop_back();
    const double threshold = std::floor(rest[less] * kOne);
    columns_[less] = {threshold < kOne ? static_cast<std::uint32_t>(threshold) : kAlways, more};
    rest[more] = (rest[more] + rest[less]) - 1;
    (rest[more] < 1 ? small : large).push_back(more);
  }
}

}  // namespace fastqwem
