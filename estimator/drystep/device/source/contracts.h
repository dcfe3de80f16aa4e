// What kernels take of the device beyond what Paddle's shape inference says: outputs that only
// some calls have, state that lives on the host, and scratch that lives while the kernel runs.
//
// Each contract restates what Paddle's own GPU kernel allocates (paddle/phi/kernels/gpu and
// paddle/phi/kernels/fusion, 3.2 and 3.3).
#pragma once

#include <utility>
#include <vector>

#include "kernel_call.h"

namespace virtual_gpu {

struct Contract {
  // The data types that the GPU kernel is registered for; empty: any.
  std::vector<phi::DataType> dtypes;
  // Inputs that stay where they are, by name: the kernel reads them on the host.
  std::vector<const char*> host_inputs;
  // Allocates outputs that are not what shape inference says; the others follow as usual.
  void (*outputs)(const KernelCall&) = nullptr;
  // The bytes of every block of scratch, in the order of allocation.
  std::vector<size_t> (*scratch)(const KernelCall&) = nullptr;
  // Where shape inference says dimensions only: the outputs that have another type than the kernel,
  // by name. Empty: shape inference says the types.
  std::vector<std::pair<const char*, phi::DataType>> types = {};
};

// nullptr for a kernel whose outputs are those of shape inference and that needs no scratch.
const Contract* ContractOf(const std::string& kernel);

// For the functions of contracts, and for routing.
void AllocateOnDevice(const KernelCall& call, phi::DenseTensor* tensor, const phi::DDim& dims,
                      phi::DataType dtype);
// State that a GPU kernel keeps in host memory, such as the seed of a dropout: zeros.
void AllocateOnHost(const KernelCall& call, phi::DenseTensor* tensor, const phi::DDim& dims,
                    phi::DataType dtype);
// An output that this call does not have: no bytes, but a type, as the kernel leaves it.
void LeaveOut(phi::DenseTensor* tensor);

}  // namespace virtual_gpu
