#include "training/huffman.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace fastqwem {

// Two queues: leaves from the rarest word up, and inner nodes in the order of their making, whose counts never fall.
// Leaves are ranks by falling count, of equal counts the earlier word first, so that words may come in any order.
HuffmanTree build_huffman(const std::int64_t* counts, WordId n_words) {
  if (n_words < 2) throw std::invalid_argument("hierarchical softmax needs at least two words");
  const Offset n = n_words, n_nodes = 2 * n - 1;
  std::vector<Offset> word_at(n), rank_of(n);
  std::iota(word_at.begin(), word_at.end(), Offset{0});
  std::stable_sort(word_at.begin(), word_at.end(), [&](Offset a, Offset b) { return counts[a] > counts[b]; });
  std::vector<std::int64_t> count(n_nodes);
  for (Offset rank = 0; rank < n; ++rank) {
    count[rank] = counts[word_at[rank]];
    rank_of[word_at[rank]] = rank;
  }
  std::vector<Offset> parent(n_nodes);
  std::vector<std::uint8_t> branch(n_nodes);
  Offset leaf = n - 1, inner = n;
  for (Offset made = n; made < n_nodes; ++made) {
    for (std::uint8_t side = 0; side < 2; ++side) {
      const bool from_leaves = leaf >= 0 && (inner >= made || count[leaf] < count[inner]);
      const Offset taken = from_leaves ? leaf-- : inner++;
      parent[taken] = made;
      branch[taken] = side;
      count[made] += count[taken];
    }
  }
  HuffmanTree tree;
  tree.ends.reserve(n);
  for (Offset word = 0; word < n; ++word) {
    const std::size_t start = tree.points.size();
    for (Offset node = rank_of[word]; node != n_nodes - 1; node = parent[node]) {
      tree.points.push_back(static_cast<WordId>(parent[node] - n));
      tree.codes.push_back(branch[node]);
    }
    std::reverse(tree.points.begin() + start, tree.points.end());
    std::reverse(tree.codes.begin() + start, tree.codes.end());
    tree.ends.push_back(static_cast<Offset>(tree.points.size()));
  }
  return tree;
}

}  // namespace fastqwem
