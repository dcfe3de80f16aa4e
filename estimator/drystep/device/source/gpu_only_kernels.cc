#include "gpu_only_kernels.h"

#include "paddle/phi/core/kernel_registry.h"

namespace virtual_gpu {
namespace {

// Written out, because the wheels carry the declarations of some versions only. The same in
// Paddle 3.2 and 3.3.
using Context = const phi::CPUContext&;
using In = const phi::DenseTensor&;
using Out = phi::DenseTensor*;
using OneToOne = void (*)(Context, In, Out);
using TwoToOne = void (*)(Context, In, In, Out);

template <typename Signature>
phi::KernelArgsDef ArgumentsOf() {
  const phi::KernelKey model(phi::Backend::CPU, phi::DataLayout::ALL_LAYOUT,
                             phi::DataType::FLOAT32);
  phi::KernelArgsDef definition;
  phi::KernelArgsParseFunctor<Signature>::Parse(model, &definition);
  return definition;
}

}  // namespace

std::vector<std::pair<std::string, phi::KernelArgsDef>> GpuOnlyKernels() {
  return {
      {"fused_softmax_mask", ArgumentsOf<TwoToOne>()},       // (x, mask) -> out
      {"fused_softmax_mask_grad", ArgumentsOf<TwoToOne>()},  // (out, out_grad) -> x_grad
      {"fused_softmax_mask_upper_triangle", ArgumentsOf<OneToOne>()},
      {"fused_softmax_mask_upper_triangle_grad", ArgumentsOf<TwoToOne>()},
  };
}

}  // namespace virtual_gpu
