#include "host_compute.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>

#include "device_memory.h"
#include "paddle/phi/backends/context_pool.h"
#include "paddle/phi/common/bfloat16.h"
#include "paddle/phi/common/float16.h"
#include "paddle/phi/core/tensor_utils.h"

namespace virtual_gpu {
namespace {

using phi::DataType;
using phi::DenseTensor;

// Above these sizes (bytes of all inputs and outputs) a launch stays null. The limits keep a
// dry step at the speed of Paddle's own Python; they decide nothing about memory.
constexpr size_t kScalarBytes = 256;                   // losses, counters, loss scaling
constexpr size_t kRandomBytes = size_t{4} << 10;       // initial weights: values do not matter
constexpr size_t kHeavyBytes = size_t{64} << 10;       // work that grows faster than its bytes, and
                                                       // gradients and waves, which decide no shape
constexpr size_t kFloatBytes = size_t{64} << 20;       // anchors, overlaps, grids
constexpr size_t kIntegerBytes = size_t{64} << 20;     // masks, indices, label assignment

bool IsFloating(DataType dtype) {
  return dtype == DataType::FLOAT16 || dtype == DataType::BFLOAT16 ||
         dtype == DataType::FLOAT32 || dtype == DataType::FLOAT64 ||
         dtype == DataType::COMPLEX64 || dtype == DataType::COMPLEX128;
}

bool IsHalf(DataType dtype) {
  return dtype == DataType::FLOAT16 || dtype == DataType::BFLOAT16;
}

bool Contains(const std::string& name, const char* part) {
  return name.find(part) != std::string::npos;
}

bool IsRandom(const std::string& name) {
  return Contains(name, "gaussian") || Contains(name, "uniform") || Contains(name, "exponential");
}

bool IsHeavy(const std::string& name) {
  return Contains(name, "conv") || Contains(name, "matmul") || Contains(name, "rnn") ||
         Contains(name, "attention") || Contains(name, "attn") || Contains(name, "lstm") ||
         Contains(name, "gru") || Contains(name, "einsum") || Contains(name, "fc") ||
         Contains(name, "bmm") || Contains(name, "addmm") || Contains(name, "warpctc");
}

// Tables of positions, of words or pixels: they are multiplied with, and decide nothing.
bool IsWave(const std::string& name) { return name == "sin" || name == "cos"; }

bool IsGradient(const std::string& name) {
  constexpr const char kEnd[] = "_grad";
  constexpr size_t kLength = sizeof(kEnd) - 1;
  return name.size() >= kLength && name.compare(name.size() - kLength, kLength, kEnd) == 0;
}

// Their CPU kernels take other arguments for granted than the GPU's are called with, and crash.
bool IsOfGpusAlone(const std::string& name) {
  return Contains(name, "fused_") || Contains(name, "rms_norm");
}

// What such a kernel makes of zeros counts as what a card would hold. Region proposals of zero
// offsets and equal scores are the anchors themselves, as many as may be kept: proper boxes, which
// label assignment sorts and samples by their overlaps. With boxes of nothing it would keep one.
bool MakesStandIns(const std::string& name) { return Contains(name, "generate_proposals"); }

// How many of its inputs a kernel reads the values of; of the others it reads the shapes alone.
size_t ReadsValuesOf(const std::string& name, size_t inputs) {
  if (Contains(name, "prior_box") || Contains(name, "anchor_generator") ||
      Contains(name, "full_like") || Contains(name, "full_batch_size_like")) {
    return 0;
  }
  return name == "expand_as" ? 1 : inputs;
}

bool OnDevice(const DenseTensor& tensor) {
  return tensor.has_allocation() && tensor.place().GetType() == phi::AllocationType::CUSTOM;
}

struct Traits {
  size_t bytes = 0;
  bool has_input = false;
  bool authentic = true;         // every input holds what a real device would hold
  bool integral_outputs = true;  // no output is floating point
  bool unknown_shape = false;    // only the values tell the shape of the first output
};

// Zeros need no writing: memory that nobody wrote reads as zero. Cleared gradients are such.
bool IsZeroFill(const KernelCall& call) {
  if (call.info->name.rfind("full", 0) != 0) return false;
  for (const auto& attribute : call.attributes) {
    if (const auto* value = paddle::get_if<phi::Scalar>(&attribute)) {
      return value->to<double>() == 0.0;
    }
  }
  return false;
}

void FillWithZeros(const KernelCall& call) {
  for (const auto& group : call.outputs) {
    for (auto* tensor : group) {
      if (tensor == nullptr || tensor->numel() < 0) continue;
      void* bytes = HasBytes(*tensor) ? tensor->data() : call.context->Alloc(tensor, tensor->dtype());
      if (!OnDevice(*tensor)) {
        std::memset(bytes, 0, Bytes(*tensor));
        continue;
      }
      DeviceMemory::Instance().Clear(bytes, Bytes(*tensor));
      DeviceMemory::Instance().MarkWritten(bytes, Bytes(*tensor), true);
    }
  }
}

// The first output tells: a further one of unknown size is scratch that only some devices ask
// for, such as the reserve space of batch_norm.
bool HasUnknownShape(const KernelCall& call) {
  if (call.outputs.empty() || call.outputs.front().empty()) return false;
  const auto* tensor = call.outputs.front()[0];
  return tensor != nullptr && tensor->numel() < 0;
}

Traits Inspect(const KernelCall& call) {
  Traits traits;
  const size_t read = ReadsValuesOf(call.info->name, call.inputs.size());
  for (size_t i = 0; i < read; ++i) {
    const auto& group = call.inputs[i];
    for (const auto* tensor : group) {
      if (tensor == nullptr || !HasBytes(*tensor)) continue;
      traits.has_input = true;
      traits.bytes += Bytes(*tensor);
      if (!OnDevice(*tensor)) continue;
      traits.authentic &= DeviceMemory::Instance().IsAuthentic(tensor->data(), Bytes(*tensor));
    }
  }
  for (const auto& group : call.outputs) {
    for (const auto* tensor : group) {
      if (tensor == nullptr) continue;
      traits.integral_outputs &= !IsFloating(tensor->dtype());
      if (tensor->numel() > 0) traits.bytes += Bytes(*tensor);
    }
  }
  traits.unknown_shape = HasUnknownShape(call);
  return traits;
}

// The backward pass of a product keeps only the factors it needs, as on a GPU (kept_inputs.cpp);
// the CPU's kernel reads both.
bool LacksFactor(const KernelCall& call) {
  if (call.info->name != "multiply_grad") return false;
  for (const auto& group : call.inputs) {
    for (const auto* tensor : group) {
      if (tensor != nullptr && tensor->numel() > 0 && !HasBytes(*tensor)) return true;
    }
  }
  return false;
}

// A sparse gradient among those that are summed, which the call does not hold.
bool LacksSummand(const KernelCall& call) {
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    if (call.info->inputs[i] != InputKind::kVectorOfAny) continue;
    for (const auto* tensor : call.inputs[i]) {
      if (tensor == nullptr) return true;
    }
  }
  return false;
}

bool Worthwhile(const KernelCall& call, const Traits& traits) {
  if (LacksFactor(call) || LacksSummand(call)) return false;
  if (traits.unknown_shape) return true;
  if (!traits.authentic) return traits.bytes <= kScalarBytes;
  const std::string& name = call.info->name;
  if (IsRandom(name) && !traits.integral_outputs) return traits.bytes <= kRandomBytes;
  if (IsHeavy(name) || IsGradient(name) || IsWave(name)) return traits.bytes <= kHeavyBytes;
  return traits.bytes <= (traits.integral_outputs ? kIntegerBytes : kFloatBytes);
}

template <typename To, typename From>
void Convert(const void* from, void* to, int64_t count) {
  const auto* source = static_cast<const From*>(from);
  auto* target = static_cast<To*>(to);
  for (int64_t i = 0; i < count; ++i) target[i] = static_cast<To>(source[i]);
}

// A CPU tensor that stands for a device tensor while the CPU kernel runs: over the same bytes,
// or over a float32 copy where the CPU has no kernel for half precision.
class HostArguments {
 public:
  HostArguments(const KernelCall& call, bool widen, phi::DeviceContext* cpu)
      : call_(call), widen_(widen), cpu_(cpu), context_(cpu) {
    for (const auto& group : call.inputs) AddInputs(group);
    for (const auto& attribute : call.attributes) context_.EmplaceBackAttr(attribute);
    for (const auto& group : call.outputs) AddOutputs(group);
  }

  phi::KernelContext* context() { return &context_; }

  // Brings shapes and values of the outputs to the device tensors.
  void StoreOutputs(bool authentic) {
    size_t next = 0;
    for (const auto& group : call_.outputs) {
      for (auto* tensor : group) {
        const DenseTensor* host = outputs_[next++].get();
        if (tensor != nullptr && host->has_allocation()) Store(*host, tensor, authentic);
      }
    }
  }

 private:
  static std::shared_ptr<phi::Allocation> Alias(const DenseTensor& tensor) {
    const auto& holder = tensor.Holder();
    return std::make_shared<phi::Allocation>(holder->ptr(), holder->size(), phi::CPUPlace());
  }

  bool Widened(const DenseTensor& tensor) const { return widen_ && IsHalf(tensor.dtype()); }

  std::unique_ptr<DenseTensor> OverSameBytes(const DenseTensor& tensor) {
    return std::make_unique<DenseTensor>(Alias(tensor), tensor.meta());
  }

  std::unique_ptr<DenseTensor> WidenedCopy(const DenseTensor& tensor) {
    auto host = Blank(tensor, DataType::FLOAT32);
    auto* values = cpu_->Alloc(host.get(), DataType::FLOAT32);
    if (tensor.dtype() == DataType::FLOAT16) {
      Convert<float, phi::dtype::float16>(tensor.data(), values, tensor.numel());
    } else {
      Convert<float, phi::dtype::bfloat16>(tensor.data(), values, tensor.numel());
    }
    return host;
  }

  static std::unique_ptr<DenseTensor> Blank(const DenseTensor& tensor, DataType dtype) {
    auto host = std::make_unique<DenseTensor>();
    auto* meta = phi::DenseTensorUtils::GetMutableMeta(host.get());
    *meta = tensor.meta();
    meta->dtype = dtype;
    meta->offset = 0;
    return host;
  }

  // An empty tensor is as good as any other input, and CPU kernels ask for its address.
  std::unique_ptr<DenseTensor> WithoutBytes(const DenseTensor& tensor) {
    auto host = Blank(tensor, tensor.dtype());
    if (tensor.numel() == 0) cpu_->Alloc(host.get(), tensor.dtype());
    return host;
  }

  void AddInputs(const KernelCall::Inputs& group) {
    paddle::small_vector<const phi::TensorBase*> hosts;
    for (const auto* tensor : group) {
      if (tensor == nullptr) {
        hosts.push_back(nullptr);
        continue;
      }
      inputs_.push_back(!HasBytes(*tensor) ? WithoutBytes(*tensor)
                        : Widened(*tensor) ? WidenedCopy(*tensor)
                                           : OverSameBytes(*tensor));
      hosts.push_back(inputs_.back().get());
    }
    if (hosts.empty()) hosts.push_back(nullptr);  // an optional list that is absent
    context_.EmplaceBackInputs(hosts);
  }

  void AddOutputs(const KernelCall::Outputs& group) {
    paddle::small_vector<phi::TensorBase*> hosts;
    for (auto* tensor : group) {
      if (tensor == nullptr) {
        outputs_.push_back(std::make_unique<DenseTensor>());
        hosts.push_back(nullptr);
        continue;
      }
      outputs_.push_back(HostOutput(tensor));
      hosts.push_back(outputs_.back().get());
    }
    context_.EmplaceBackOutputs(hosts);
  }

  // An output of known shape is written where it will stay. An in-place output already has its
  // bytes; the others are allocated now, in the order in which a device kernel would.
  std::unique_ptr<DenseTensor> HostOutput(DenseTensor* tensor) {
    if (tensor->numel() < 0 || Widened(*tensor) || tensor->dtype() == DataType::UNDEFINED) {
      const DataType dtype = Widened(*tensor) ? DataType::FLOAT32 : tensor->dtype();
      return Blank(*tensor, dtype);
    }
    if (!HasBytes(*tensor)) call_.context->Alloc(tensor, tensor->dtype());
    return OverSameBytes(*tensor);
  }

  void Store(const DenseTensor& host, DenseTensor* tensor, bool authentic) {
    const bool narrow = host.dtype() == DataType::FLOAT32 && IsHalf(tensor->dtype());
    if (tensor->dims() != host.dims()) tensor->Resize(host.dims());
    if (host.numel() < 0) return;
    const DataType dtype = narrow ? tensor->dtype() : host.dtype();
    const bool in_place = HasBytes(*tensor) && tensor->data() == host.data();
    void* bytes = in_place ? tensor->data() : call_.context->Alloc(tensor, dtype);
    // A kernel may know better than Paddle's inference of types, which calls counts floats.
    phi::DenseTensorUtils::GetMutableMeta(tensor)->dtype = dtype;
    if (narrow && dtype == DataType::FLOAT16) {
      Convert<phi::dtype::float16, float>(host.data(), bytes, host.numel());
    } else if (narrow) {
      Convert<phi::dtype::bfloat16, float>(host.data(), bytes, host.numel());
    } else if (!in_place) {
      std::memcpy(bytes, host.data(), Bytes(host));
    }
    if (!authentic) MakeFinite(tensor);
    if (OnDevice(*tensor)) DeviceMemory::Instance().MarkWritten(bytes, Bytes(*tensor), authentic);
  }

  // Zeros that no device would hold must not turn into NaN or infinity further on.
  template <typename T>
  static void MakeFiniteAs(DenseTensor* tensor) {
    auto* values = static_cast<T*>(tensor->data());
    for (int64_t i = 0; i < tensor->numel(); ++i) {
      if (!std::isfinite(static_cast<double>(values[i]))) values[i] = static_cast<T>(0);
    }
  }

  static void MakeFinite(DenseTensor* tensor) {
    switch (tensor->dtype()) {
      case DataType::FLOAT32:
        return MakeFiniteAs<float>(tensor);
      case DataType::FLOAT64:
        return MakeFiniteAs<double>(tensor);
      case DataType::FLOAT16:
        return MakeFiniteAs<phi::dtype::float16>(tensor);
      case DataType::BFLOAT16:
        return MakeFiniteAs<phi::dtype::bfloat16>(tensor);
      default:
        return;
    }
  }

  const KernelCall& call_;
  const bool widen_;
  phi::DeviceContext* cpu_;
  phi::KernelContext context_;
  std::vector<std::unique_ptr<DenseTensor>> inputs_;
  std::vector<std::unique_ptr<DenseTensor>> outputs_;
};

}  // namespace

bool ComputeOnHost(const KernelCall& call) {
  if (IsZeroFill(call)) {
    FillWithZeros(call);
    return true;
  }
  if (IsOfGpusAlone(call.info->name)) return false;
  const Traits traits = Inspect(call);
  if (!Worthwhile(call, traits)) return false;
  const phi::Kernel* kernel = call.info->CpuKernel(call.dtype);
  const bool widen = kernel == nullptr && IsHalf(call.dtype);
  if (widen) kernel = call.info->CpuKernel(DataType::FLOAT32);
  if (kernel == nullptr) return false;
  auto* cpu = phi::DeviceContextPool::Instance().Get(phi::CPUPlace());
  HostArguments arguments(call, widen, cpu);
  try {
    (*kernel)(arguments.context());
  } catch (const common::enforce::EnforceNotMet& error) {
    // Some CPU kernels are there only to say that they are not.
    const bool no_kernel = error.code() == common::ErrorCode::UNAVAILABLE ||
                           error.code() == common::ErrorCode::UNIMPLEMENTED;
    if (!no_kernel && (traits.authentic || traits.unknown_shape)) throw;
    return false;
  } catch (...) {
    // Zeros that no device would hold may be refused where real values would not be.
    if (traits.authentic || traits.unknown_shape) throw;
    return false;
  }
  arguments.StoreOutputs(traits.authentic || MakesStandIns(call.info->name));
  return true;
}

}  // namespace virtual_gpu
