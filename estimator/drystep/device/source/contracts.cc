#include "contracts.h"

#include <cstring>
#include <string>
#include <unordered_map>

#include "attention.h"
#include "device_memory.h"
#include "fused.h"
#include "paddle/phi/core/tensor_utils.h"

namespace virtual_gpu {
namespace {

const Contract* Find(const std::unordered_map<std::string, Contract>& contracts,
                     const std::string& kernel) {
  const auto found = contracts.find(kernel);
  return found == contracts.end() ? nullptr : &found->second;
}

}  // namespace

const Contract* ContractOf(const std::string& kernel) {
  const Contract* attention = Find(AttentionContracts(), kernel);
  return attention != nullptr ? attention : Find(FusedContracts(), kernel);
}

void AllocateOnDevice(const KernelCall& call, phi::DenseTensor* tensor, const phi::DDim& dims,
                      phi::DataType dtype) {
  if (tensor == nullptr) return;
  tensor->Resize(dims);
  void* bytes = call.context->Alloc(tensor, dtype);
  DeviceMemory::Instance().Clear(bytes, Bytes(*tensor));
}

void AllocateOnHost(const KernelCall& call, phi::DenseTensor* tensor, const phi::DDim& dims,
                    phi::DataType dtype) {
  if (tensor == nullptr) return;
  tensor->Resize(dims);
  std::memset(call.context->HostAlloc(tensor, dtype), 0, Bytes(*tensor));
}

void LeaveOut(phi::DenseTensor* tensor) {
  if (tensor != nullptr) phi::DenseTensorUtils::GetMutableMeta(tensor)->dims = {0};
}

}  // namespace virtual_gpu
