// What the installed Paddle says of its own operators: the kernel behind each, and its arguments.
//
// A CPU build has every operator, its shape inference and its eager function, also those whose
// kernels only GPUs have. The argument lists come from there, so that they are those of the
// installed version.
#pragma once

#include <string>
#include <vector>

#include "kernel_call.h"

namespace virtual_gpu {

struct Operator {
  std::string kernel;
  phi::KernelArgsDef arguments;  // for float32 on the CPU, as those of CPU kernels
  ArgumentNames names;
};

// Operators on dense tensors, without those made for other vendors' devices.
std::vector<Operator> InstalledOperators();

}  // namespace virtual_gpu
