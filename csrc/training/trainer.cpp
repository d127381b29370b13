#include "training/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/parallel.h"

namespace fastqwem {
namespace {

// A mean loss per pair that no training comes near: an untrained model has (1 + K) ln 2.
constexpr double kAbsurdLoss = 1000;

}  // namespace

struct Trainer::Worker {
  Worker(Trainer& trainer, BlockMaker::Centers which)
      : maker(trainer.sampler_, trainer.tree_, which), stepper(trainer.options_, trainer.model_) {}
  KeptLine line;
  BlockMaker maker;
  Stepper stepper;
  Block blocks[2];  // the present one and the next
};

Trainer::Trainer(const TrainingOptions& options, const std::uint32_t* keep, const double* noise,
                 const std::int64_t* counts)
    : options_(options), sampler_(options, keep, noise), model_{} {
  const Offset v = options.vocab_size, d = options.vector_size;
  model_.input = PaddedMatrix(v, d);
  if (options.negative > 0 && !options.tied) model_.output = PaddedMatrix(v, d);
  if (options.hs) {
    tree_ = build_huffman(counts, options.vocab_size);
    model_.nodes = PaddedMatrix(v - 1, d);
  }
}

Totals Trainer::totals() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return totals_;
}

void Trainer::reset_totals() {
  const std::lock_guard<std::mutex> lock(mutex_);
  totals_ = {};
}

void Trainer::add(const Totals& totals) {
  const std::lock_guard<std::mutex> lock(mutex_);
  totals_.loss += totals.loss;
  totals_.pairs += totals.pairs;
  totals_.words += totals.words;
}

// Blocks are made one ahead of their step, so that the step can prefetch rows for the next.
Totals Trainer::run_chunk(Worker& worker, const TokenStream& tokens, std::uint32_t key, Offset chunk, float alpha) {
  Totals totals;
  sampler_.fill(tokens, key, chunk, worker.line);
  worker.maker.begin(worker.line, key);
  Block *present = &worker.blocks[0], *next = &worker.blocks[1];
  bool more = worker.maker.next(*present);
  while (more) {
    more = worker.maker.next(*next);
    totals.loss += worker.stepper.train(*present, alpha, more ? next : nullptr, worker.line);
    if (present->kind == Block::Outputs::words || options_.negative == 0) totals.pairs += present->n_pairs;
    std::swap(present, next);
  }
  totals.words = worker.maker.n_centers();
  return totals;
}

void Trainer::train(const TokenStream& tokens, std::uint32_t epoch, Offset first, Offset last, const float* alphas,
                    int n_workers, Control& control) {
  std::atomic<Offset> next{first};
  const std::uint32_t key = sampler_.epoch_key(epoch);
  control.set_total(static_cast<std::uint64_t>(std::min(last * kTrainingChunk, tokens.n_tokens) - first * kTrainingChunk));
  next_chunk_ = first;
  n_workers = static_cast<int>(std::clamp<Offset>(last - first, 1, n_workers));
  const auto work = [&](int) {
    Worker worker(*this, BlockMaker::Centers::trained);
    while (!diverged_ && !control.stopped()) {
      const Offset chunk = next.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= last) return;
      const Totals totals = run_chunk(worker, tokens, key, chunk, alphas[chunk - first]);
      const double mean = totals.loss / static_cast<double>(std::max<std::int64_t>(totals.pairs, 1));
      if (!(std::fabs(mean) < kAbsurdLoss * (1 + options_.negative))) diverged_ = true;
      add(totals);
      control.advance(static_cast<std::uint64_t>(
          std::min((chunk + 1) * kTrainingChunk, tokens.n_tokens) - chunk * kTrainingChunk));
    }
  };
  run_workers(n_workers, control, work);
  next_chunk_ = std::min(next.load(), last);
}

Totals Trainer::measure_held_out(const TokenStream& tokens, std::uint32_t epoch, int n_workers, Control& control) {
  const Offset n_chunks = (tokens.n_tokens + kTrainingChunk - 1) / kTrainingChunk;
  const std::uint32_t key = sampler_.epoch_key(epoch);
  std::vector<Totals> parts(static_cast<std::size_t>(n_chunks));  // added up in order: the same for any workers
  std::vector<std::unique_ptr<Worker>> workers(static_cast<std::size_t>(n_workers));
  control.set_total(static_cast<std::uint64_t>(n_chunks));
  parallel_for(n_workers, static_cast<std::size_t>(n_chunks), control, [&](std::size_t chunk, int at) {
    if (!workers[at]) workers[at] = std::make_unique<Worker>(*this, BlockMaker::Centers::held_out);
    Worker& worker = *workers[at];
    sampler_.fill(tokens, key, static_cast<Offset>(chunk), worker.line);
    worker.maker.begin(worker.line, key);
    while (worker.maker.next(worker.blocks[0])) {
      parts[chunk].loss += worker.stepper.measure(worker.blocks[0]);
      if (worker.blocks[0].kind == Block::Outputs::words || options_.negative == 0) {
        parts[chunk].pairs += worker.blocks[0].n_pairs;
      }
    }
    control.advance(1);
  });
  Totals totals;
  for (const Totals& part : parts) {
    totals.loss += part.loss;
    totals.pairs += part.pairs;
  }
  return totals;
}

}  // namespace fastqwem
