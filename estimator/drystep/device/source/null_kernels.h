// Kernels of the virtual GPU: each allocates its outputs as the real one would.
#pragma once

namespace virtual_gpu {

// Registers, for every kernel that Paddle has on the CPU, one for this device; float16 and
// bfloat16 wherever there is float32. Kernels that Paddle registers for custom devices itself
// (views, shapes, copies) stay as they are, but for those that hand out memory as it is (empty).
void RegisterNullKernels(const char* device_type);

// Convolutions ask cuDNN for scratch up to this many bytes; 0 leaves it out.
void SetWorkspaceLimit(unsigned long long bytes);

}  // namespace virtual_gpu
