#include "gradient_sum.h"

#include <string>

#include "device_memory.h"

namespace virtual_gpu {
namespace {

using phi::DenseTensor;

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

uint64_t AddressOf(const DenseTensor& tensor) {
  return reinterpret_cast<uint64_t>(tensor.Holder()->ptr());
}

bool SameKind(const DenseTensor& one, const DenseTensor& other) {
  return one.dims() == other.dims() && one.dtype() == other.dtype();
}

}  // namespace

GradientSums& GradientSums::Instance() {
  static GradientSums* sums = new GradientSums;
  return *sums;
}

bool GradientSums::IsGradient(const DenseTensor& tensor) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return HasBytes(tensor) && gradients_.count(AddressOf(tensor)) != 0;
}

bool GradientSums::TakeOver(const KernelCall& call) {
  if (call.info->name != "add" || call.inputs.size() != 2) return false;
  DenseTensor* sum = call.outputs.at(0)[0];
  // The engine calls add(new, sum so far) and, on CUDA, adds into the latter.
  const DenseTensor* summands[] = {call.inputs[1][0], call.inputs[0][0]};
  if (sum == nullptr || HasBytes(*sum) || !SameKind(*summands[0], *summands[1])) return false;
  if (!IsGradient(*summands[0]) || !IsGradient(*summands[1])) return false;
  for (const DenseTensor* summand : summands) {
    if (summand->Holder().use_count() != 1) continue;
    const phi::DDim dims = sum->dims();
    sum->ShareDataWith(*summand);
    sum->Resize(dims);
    DeviceMemory::Instance().Clear(sum->data(), Bytes(*sum));
    return true;
  }
  return false;
}

// A view, such as the gradient of a transpose, is copied to a block of its own before it is added;
// the gradient of a slice is copied into a block that was filled with zeros.
bool GradientSums::MakesGradient(const KernelCall& call) const {
  const std::string& name = call.info->name;
  if (EndsWith(name, "_grad")) return true;
  if (name == "contiguous" || name == "strided_copy") return IsGradient(*call.inputs[0][0]);
  return name == "add" && IsGradient(*call.inputs[0][0]) && IsGradient(*call.inputs[1][0]);
}

void GradientSums::Note(const KernelCall& call) {
  const bool gradient = MakesGradient(call);
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& group : call.outputs) {
    for (const auto* tensor : group) {
      if (tensor == nullptr || !HasBytes(*tensor)) continue;
      if (gradient) {
        gradients_.insert(AddressOf(*tensor));
      } else {
        gradients_.erase(AddressOf(*tensor));
      }
    }
  }
}

}  // namespace virtual_gpu
