#include "routing.h"

#include "contracts.h"
#include "device_memory.h"

namespace virtual_gpu {
namespace {

using phi::DataType;
using phi::DenseTensor;

// More is a choice among boxes, words or classes.
constexpr int64_t kMostExperts = 256;
constexpr int64_t kMostOfEach = 16;

bool IsScore(const DenseTensor* x) {
  if (x == nullptr || !HasBytes(*x) || x->dims().size() < 2) return false;
  const bool floating = x->dtype() == DataType::FLOAT32 || x->dtype() == DataType::FLOAT16 ||
                        x->dtype() == DataType::BFLOAT16;
  return floating && x->place().GetType() == phi::AllocationType::CUSTOM &&
         !DeviceMemory::Instance().IsAuthentic(x->data(), Bytes(*x));
}

}  // namespace

// topk(x [..., experts]; k, axis, largest, sorted; out, indices [..., k])
bool RouteEvenly(const KernelCall& call) {
  if (call.info->name != "topk" || !IsScore(call.inputs.at(0)[0])) return false;
  DenseTensor* scores = call.outputs.at(0)[0];
  DenseTensor* indices = call.outputs.at(1)[0];
  const phi::DDim& dims = call.inputs.at(0)[0]->dims();
  const int last = dims.size() - 1;
  if (scores == nullptr || indices == nullptr || indices->dims().size() != dims.size()) return false;
  const int64_t experts = dims[last], each = indices->dims()[last];
  if (each > experts || each > kMostOfEach || experts > kMostExperts) return false;
  if (indices->numel() <= 0 || scores->numel() != indices->numel()) return false;
  AllocateOnDevice(call, scores, scores->dims(), call.dtype);
  AllocateOnDevice(call, indices, indices->dims(), DataType::INT64);
  auto* chosen = static_cast<int64_t*>(indices->data());
  for (int64_t i = 0; i < indices->numel(); ++i) chosen[i] = i % experts;
  DeviceMemory::Instance().MarkWritten(chosen, Bytes(*indices), true);
  return true;
}

}  // namespace virtual_gpu
