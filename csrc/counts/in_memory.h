// Counting that stays in memory: rows are made into pieces first, since their sizes are unknown, then copied
// into one CSR matrix, each piece given back as soon as it is copied.
//
// Memory: 8 bytes a token (index) while counting; 8 bytes a nonzero (12 in wide rows) for the pieces, and the
// same for the matrix, which grows as the pieces shrink: the peak is about one matrix + one slab a worker.
#pragma once

#include <memory>
#include <vector>

#include "core/control.h"
#include "counts/corpus_view.h"
#include "counts/row_groups.h"

namespace fastqwem {

class CountedRows {
 public:
  CountedRows(const CorpusView& corpus, const Window& window, int n_workers, Control& control);

  Offset nonzeros() const { return nonzeros_; }
  std::uint64_t largest() const { return largest_; }
  // Copies to indptr[vocab_size + 1], indices[nonzeros()], data[nonzeros()] and gives the pieces back.
  template <class Out>
  void move_to(Offset* indptr, WordId* indices, Out* data, int n_workers, Control& control);

 private:
  struct Slab;
  struct Piece {
    std::shared_ptr<Slab> slab;
    std::size_t at = 0, size = 0;
    std::vector<Offset> row_sizes;
  };
  Piece keep(const RowGroup& group, const RowBuffer& buffer, std::shared_ptr<Slab>& slab);

  std::vector<RowGroup> groups_;
  std::vector<Piece> pieces_;
  Offset nonzeros_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace fastqwem
