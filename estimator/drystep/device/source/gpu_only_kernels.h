// Kernels that Paddle has for GPUs and not, or not in both directions, for the CPU.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "paddle/phi/core/kernel_factory.h"

namespace virtual_gpu {

// Name and argument list (for float32 on the CPU, as the other kernels' models are).
std::vector<std::pair<std::string, phi::KernelArgsDef>> GpuOnlyKernels();

}  // namespace virtual_gpu
