// Really computes what decides shapes and control flow.
//
// Device memory of the virtual GPU is host memory, so Paddle's own CPU kernel can run on it in
// place. It does for small tensors and for integers and masks; heavy floating-point work stays
// null, and its results read as zeros.
#pragma once

#include "kernel_call.h"

namespace virtual_gpu {

// Computes the outputs of `call` if that is worth it. Outputs whose shape only the values decide
// (nonzero, unique, masked_select ...) are always computed. Returns false when the outputs are
// left to the null kernel. May raise what the CPU kernel raises for authentic inputs.
bool ComputeOnHost(const KernelCall& call);

}  // namespace virtual_gpu
