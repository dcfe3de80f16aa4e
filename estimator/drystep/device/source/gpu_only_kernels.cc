#include "gpu_only_kernels.h"

#include "paddle/phi/core/kernel_registry.h"
#include "paddle/phi/kernels/fused_softmax_mask_grad_kernel.h"
#include "paddle/phi/kernels/fused_softmax_mask_kernel.h"
#include "paddle/phi/kernels/fused_softmax_mask_upper_triangle_kernel.h"

namespace virtual_gpu {
namespace {

template <typename Kernel>
phi::KernelArgsDef ArgumentsOf() {
  const phi::KernelKey model(phi::Backend::CPU, phi::DataLayout::ALL_LAYOUT,
                             phi::DataType::FLOAT32);
  phi::KernelArgsDef definition;
  phi::KernelArgsParseFunctor<Kernel>::Parse(model, &definition);
  return definition;
}

}  // namespace

#define VGPU_ARGUMENTS(kernel) ArgumentsOf<decltype(&kernel<float, phi::CPUContext>)>()

std::vector<std::pair<std::string, phi::KernelArgsDef>> GpuOnlyKernels() {
  return {
      {"fused_softmax_mask", VGPU_ARGUMENTS(phi::fusion::FusedSoftmaxMaskKernel)},
      {"fused_softmax_mask_grad", VGPU_ARGUMENTS(phi::fusion::FusedSoftmaxMaskGradKernel)},
      {"fused_softmax_mask_upper_triangle",
       VGPU_ARGUMENTS(phi::FusedSoftmaxMaskFuseUpperTriangleKernel)},
      {"fused_softmax_mask_upper_triangle_grad",
       VGPU_ARGUMENTS(phi::FusedSoftmaxMaskFuseUpperTriangleGradKernel)},
  };
}

}  // namespace virtual_gpu
