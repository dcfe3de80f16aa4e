// Sums of gradients, which Paddle's engine forms in place on CUDA and out of place on custom
// devices (GradTensorHolder::add looks at the place). A tensor that is used twice would cost one
// tensor more here than on the card.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_set>

#include "kernel_call.h"

namespace virtual_gpu {

class GradientSums {
 public:
  static GradientSums& Instance();

  // If `call` is such a sum, lets its output take over the block of the summand that nobody else
  // holds, and returns true.
  bool TakeOver(const KernelCall& call);

  // Remembers which blocks hold gradients: those that a kernel named *_grad has written, their
  // sums and their copies.
  void Note(const KernelCall& call);

 private:
  bool MakesGradient(const KernelCall& call) const;
  bool IsGradient(const phi::DenseTensor& tensor) const;

  mutable std::mutex mutex_;
  std::unordered_set<uint64_t> gradients_;  // addresses
};

}  // namespace virtual_gpu
