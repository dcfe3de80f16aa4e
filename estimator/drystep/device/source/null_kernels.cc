#include "null_kernels.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "device_memory.h"
#include "entry_points.h"
#include "gpu_only_kernels.h"
#include "gradient_sum.h"
#include "host_compute.h"
#include "kernel_call.h"
#include "launch_trace.h"
#include "own_shapes.h"
#include "paddle/phi/common/backend.h"
#include "paddle/phi/core/kernel_registry.h"

namespace virtual_gpu {
namespace {

using phi::DataType;
using phi::DenseTensor;

// What an entry point stands for: a kernel selected for one data type.
struct Entry {
  const KernelInfo* info;
  DataType dtype;
};

// Grows only while kernels are registered, before anything is launched.
std::vector<Entry>& Entries() {
  static auto* entries = new std::vector<Entry>;
  return *entries;
}

std::atomic<unsigned long long> workspace_limit{0};

// An output that shares an input's block (an in-place kernel) keeps the values that it has. One
// of unknown size is left alone: see HasUnknownShape in host_compute.cc.
void AllocateOutput(const phi::DeviceContext& context, DenseTensor* tensor) {
  if (HasBytes(*tensor) || tensor->numel() < 0) return;
  const DataType dtype =
      tensor->dtype() == DataType::UNDEFINED ? DataType::FLOAT32 : tensor->dtype();
  void* bytes = context.Alloc(tensor, dtype);
  DeviceMemory::Instance().Clear(bytes, Bytes(*tensor));
}

void AllocateOutputs(const KernelCall& call) {
  if (AllocateOwnShapes(call) || GradientSums::Instance().TakeOver(call)) return;
  for (const auto& group : call.outputs) {
    for (auto* tensor : group) {
      if (tensor != nullptr) AllocateOutput(*call.context, tensor);
    }
  }
}

// cuDNN's tensor-core kernels convert NCHW tensors to NHWC in their workspace, which then holds
// about one copy of input, filter and output; Paddle caps it (FLAGS_conv_workspace_size_limit).
size_t WorkspaceBytes(const KernelCall& call) {
  const unsigned long long limit = workspace_limit;
  if (limit == 0 || call.info->name.find("conv") == std::string::npos) return 0;
  size_t bytes = 0;
  for (const auto& group : call.inputs) {
    for (const auto* tensor : group) {
      if (tensor != nullptr && tensor->numel() > 0 && tensor->dims().size() >= 3) {
        bytes += Bytes(*tensor);
      }
    }
  }
  return std::min<size_t>(bytes, limit);
}

void AllocateWorkspace(const KernelCall& call, DenseTensor* workspace) {
  const size_t bytes = WorkspaceBytes(call);
  if (bytes == 0) return;
  workspace->Resize({static_cast<int64_t>(bytes)});
  call.context->Alloc(workspace, DataType::UINT8);
}

void Launch(const KernelCall& call) {
  if (!ComputeOnHost(call)) AllocateOutputs(call);
  GradientSums::Instance().Note(call);
  DenseTensor workspace;
  AllocateWorkspace(call, &workspace);
  auto& trace = LaunchTrace::Instance();
  if (trace.recording()) trace.OnLaunch(call);
}

bool RunsOnCpu(const phi::KernelKey& key) {
  return key.backend() == phi::Backend::CPU &&
         (key.layout() == phi::DataLayout::ALL_LAYOUT || key.layout() == phi::DataLayout::NCHW);
}

// A CPU kernel's definition with our backend and the wanted data type in its place.
phi::KernelArgsDef DefinitionFor(phi::KernelArgsDef definition, DataType from, DataType to,
                                 phi::Backend backend) {
  auto adapt = [&](phi::TensorArgDef* argument) {
    if (argument->backend == phi::Backend::CPU) argument->backend = backend;
    if (argument->dtype == from) argument->dtype = to;
  };
  for (auto& input : definition.input_defs()) adapt(&input);
  for (auto& output : definition.output_defs()) adapt(&output);
  return definition;
}

// The optimizers keep beta_pow on the host and the GPU kernels take it from there, so must ours.
// By position in Paddle 3.2 and 3.3.
void LeaveBetaPowOnHost(const std::string& name, phi::KernelArgsDef* definition) {
  static const std::pair<const char*, std::pair<int, int>> kBetaPow[] = {
      {"adam", {6, 7}}, {"adamw", {6, 7}}, {"merged_adam", {6, 7}}, {"lamb", {5, 6}}};
  for (const auto& entry : kBetaPow) {
    if (name != entry.first) continue;
    for (int i = entry.second.first; i <= entry.second.second; ++i) {
      definition->input_defs().at(i).SetBackend(phi::Backend::ALL_BACKEND);
    }
  }
}

class Registrar {
 public:
  explicit Registrar(const char* device_type)
      : backend_(paddle::experimental::StringToBackend(device_type)),
        kernels_(phi::KernelFactory::Instance().kernels()) {}

  void RegisterAll() {
    std::vector<std::string> names;
    for (const auto& entry : kernels_) names.push_back(entry.first);
    for (const auto& name : names) Register(name);
    for (const auto& kernel : GpuOnlyKernels()) RegisterGpuOnly(kernel.first, kernel.second);
  }

 private:
  bool PaddleHasItForCustomDevices(const std::string& name) const {
    for (const auto& entry : kernels_[name]) {
      if (entry.first.backend() == phi::Backend::CUSTOM &&
          entry.first.layout() == phi::DataLayout::ALL_LAYOUT) {
        return true;
      }
    }
    return false;
  }

  void Register(const std::string& name) {
    if (PaddleHasItForCustomDevices(name) && name.rfind("empty", 0) != 0) return;
    KernelInfo info;
    for (const auto& entry : kernels_[name]) {
      if (RunsOnCpu(entry.first)) info.cpu_kernels.emplace_back(entry.first.dtype(), entry.second);
    }
    if (info.cpu_kernels.empty() || !Decode(name, Model(info).second.args_def(), &info)) return;
    const auto* lasting = new KernelInfo(std::move(info));
    for (DataType dtype : DataTypes(*lasting)) {
      Insert(*lasting, dtype, CpuDefinition(*lasting, dtype));
    }
  }

  void RegisterGpuOnly(const std::string& name, const phi::KernelArgsDef& definition) {
    KernelInfo info;
    if (HasOurs(name) || !Decode(name, definition, &info)) return;
    const auto* lasting = new KernelInfo(std::move(info));
    for (DataType dtype : {DataType::FLOAT32, DataType::FLOAT16, DataType::BFLOAT16}) {
      Insert(*lasting, dtype, DefinitionFor(definition, DataType::FLOAT32, dtype, backend_));
    }
  }

  bool HasOurs(const std::string& name) const {
    for (const auto& entry : kernels_[name]) {
      if (entry.first.backend() == backend_) return true;
    }
    return false;
  }

  // The kernel whose definition the others are made from: float32 where there is one.
  static const std::pair<DataType, phi::Kernel>& Model(const KernelInfo& info) {
    for (const auto& kernel : info.cpu_kernels) {
      if (kernel.first == DataType::FLOAT32) return kernel;
    }
    return info.cpu_kernels.front();
  }

  static std::vector<DataType> DataTypes(const KernelInfo& info) {
    std::vector<DataType> dtypes;
    for (const auto& kernel : info.cpu_kernels) dtypes.push_back(kernel.first);
    if (info.CpuKernel(DataType::FLOAT32) == nullptr) return dtypes;
    for (DataType half : {DataType::FLOAT16, DataType::BFLOAT16}) {
      if (info.CpuKernel(half) == nullptr) dtypes.push_back(half);
    }
    return dtypes;
  }

  phi::KernelArgsDef CpuDefinition(const KernelInfo& info, DataType dtype) const {
    const phi::Kernel* own = info.CpuKernel(dtype);
    if (own != nullptr) return DefinitionFor(own->args_def(), dtype, dtype, backend_);
    const auto& model = Model(info);
    return DefinitionFor(model.second.args_def(), model.first, dtype, backend_);
  }

  void Insert(const KernelInfo& info, DataType dtype, phi::KernelArgsDef definition) {
    const size_t index = Entries().size();
    if (index >= VGPU_ENTRY_COUNT) return;
    Entries().push_back(Entry{&info, dtype});
    phi::Kernel kernel(
        [index](phi::KernelContext* context) {
          const Entry& entry = Entries()[index];
          Launch(KernelCall::FromContext(*entry.info, entry.dtype, context));
        },
        vgpu_variadic_entries + index * VGPU_ENTRY_BYTES);
    LeaveBetaPowOnHost(info.name, &definition);
    *kernel.mutable_args_def() = std::move(definition);
    kernels_[info.name][phi::KernelKey(backend_, phi::DataLayout::ALL_LAYOUT, dtype)] = kernel;
  }

  phi::Backend backend_;
  phi::KernelNameMap& kernels_;
};

}  // namespace

// Called by the entry points.
extern "C" void vgpu_launch_variadic(const phi::DeviceContext& context, int index,
                                     const Registers* registers, const uintptr_t* stack) {
  const Entry& entry = Entries()[index];
  const CallFrame frame{registers, stack};
  Launch(KernelCall::FromFrame(*entry.info, entry.dtype, context, frame));
}

void RegisterNullKernels(const char* device_type) { Registrar(device_type).RegisterAll(); }

void SetWorkspaceLimit(unsigned long long bytes) { workspace_limit = bytes; }

}  // namespace virtual_gpu
