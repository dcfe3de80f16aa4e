// Kernels that size or place outputs themselves, so that the shapes Paddle infers do not tell
// what they allocate.
#pragma once

#include "kernel_call.h"

namespace virtual_gpu {

// Allocates the outputs of such a kernel; true when it placed all of them. The others, and what
// is left of these, are for the ordinary null kernel.
bool AllocateOwnShapes(const KernelCall& call);

}  // namespace virtual_gpu
