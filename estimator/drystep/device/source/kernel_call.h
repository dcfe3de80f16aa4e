// One launch of a Paddle kernel, read from either of Paddle's two calling conventions.
//
// The executor hands over a KernelContext. Eager mode calls the kernel's own C++ signature; on
// x86-64 (System V ABI) every argument but float and double is a general-purpose word, so an
// entry point that looks at all argument registers and at the stack can stand for any kernel;
// the kernel's KernelArgsDef says which word is what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "entry_points.h"
#include "paddle/phi/core/dense_tensor.h"
#include "paddle/phi/core/device_context.h"
#include "paddle/phi/core/kernel_context.h"
#include "paddle/phi/core/kernel_factory.h"

namespace virtual_gpu {

// The argument registers, and the arguments that did not fit in them.
struct CallFrame {
  const Registers* registers;
  const uintptr_t* stack;
};

struct Contract;  // contracts.h

struct ArgumentNames {
  std::vector<std::string> inputs;
  std::vector<std::string> attributes;
  std::vector<std::string> outputs;
};

// What a kernel's KernelArgsDef says, decoded once at registration.
enum class InputKind { kTensor, kOptional, kVector, kOptionalVector, kVectorOfAny };
struct KernelInfo {
  std::string name;
  std::vector<InputKind> inputs;
  std::vector<phi::AttributeType> attributes;
  std::vector<bool> output_is_vector;
  // In the order of the arguments; empty for kernels without an operator of their own.
  ArgumentNames names;
  const Contract* contract = nullptr;
  // The CPU kernels of the same name by data type; they compute small tensors.
  std::vector<std::pair<phi::DataType, phi::Kernel>> cpu_kernels;

  const phi::Kernel* CpuKernel(phi::DataType dtype) const;
};

// False when a kernel takes or returns something else than dense tensors.
bool Decode(const std::string& name, const phi::KernelArgsDef& def, KernelInfo* info);

size_t Bytes(const phi::DenseTensor& tensor);
// False for a tensor with a shape but no memory behind it: outputs that a backend did not fill
// and that come back as inputs, variables that were declared and not yet written.
bool HasBytes(const phi::DenseTensor& tensor);

// A kernel launch. An absent optional input is nullptr, and so is one that is not dense; an absent
// output is nullptr. `inputs` and `outputs` hold one group per argument: one tensor, or those of a
// list.
struct KernelCall {
  using Inputs = paddle::small_vector<const phi::DenseTensor*, 4>;
  using Outputs = paddle::small_vector<phi::DenseTensor*, 4>;

  const KernelInfo* info = nullptr;
  phi::DataType dtype = phi::DataType::UNDEFINED;  // the one the kernel was selected for
  const phi::DeviceContext* context = nullptr;
  std::vector<Inputs> inputs;
  std::vector<phi::Attribute> attributes;
  std::vector<Outputs> outputs;

  // By name, for kernels with names: nullptr where there is no such tensor in this call or in this
  // version of the kernel.
  const phi::DenseTensor* Input(const char* name) const;
  phi::DenseTensor* Output(const char* name) const;
  // `otherwise` where this version of the kernel has no such attribute.
  template <typename T>
  T Attribute(const char* name, T otherwise) const {
    const int index = IndexOf(info->names.attributes, name);
    const T* value = index < 0 ? nullptr : paddle::get_if<T>(&attributes[index]);
    return value == nullptr ? otherwise : *value;
  }

  static KernelCall FromFrame(const KernelInfo& info, phi::DataType dtype,
                              const phi::DeviceContext& context, const CallFrame& frame);
  static KernelCall FromContext(const KernelInfo& info, phi::DataType dtype,
                                phi::KernelContext* context);

 private:
  static int IndexOf(const std::vector<std::string>& names, const char* name);
};

}  // namespace virtual_gpu
