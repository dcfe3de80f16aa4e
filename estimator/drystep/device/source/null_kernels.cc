#include "null_kernels.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contracts.h"
#include "device_memory.h"
#include "entry_points.h"
#include "gradient_sum.h"
#include "host_compute.h"
#include "kernel_call.h"
#include "launch_trace.h"
#include "operators.h"
#include "own_shapes.h"
#include "paddle/phi/common/backend.h"
#include "paddle/phi/core/kernel_registry.h"
#include "paddle/phi/core/tensor_utils.h"
#include "routing.h"

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

// A kernel that only GPUs have and whose output no shape inference knows: no silent gap.
void RefuseUnknownShape(const KernelInfo& info) {
  if (!info.cpu_kernels.empty()) return;
  PADDLE_THROW(common::errors::Unimplemented(
      "The virtual GPU does not know what kernel `%s` allocates.", info.name));
}

// An output that shares an input's block (an in-place kernel) keeps the values that it has. One
// of unknown size is left alone: see HasUnknownShape in host_compute.cc.
void AllocateOutput(const KernelCall& call, DenseTensor* tensor) {
  if (HasBytes(*tensor)) {
    if (tensor->numel() > 0) DeviceMemory::Instance().MarkChanged(tensor->data(), Bytes(*tensor));
    return;
  }
  if (tensor->numel() < 0) return RefuseUnknownShape(*call.info);
  const DataType dtype = tensor->dtype() == DataType::UNDEFINED ? call.dtype : tensor->dtype();
  void* bytes = call.context->Alloc(tensor, dtype);
  DeviceMemory::Instance().Clear(bytes, Bytes(*tensor));
}

void SetOutputTypes(const KernelCall& call) {
  for (size_t i = 0; i < call.outputs.size() && i < call.info->names.outputs.size(); ++i) {
    DataType dtype = call.dtype;
    for (const auto& other : call.info->contract->types) {
      if (call.info->names.outputs[i] == other.first) dtype = other.second;
    }
    for (auto* tensor : call.outputs[i]) {
      if (tensor != nullptr) phi::DenseTensorUtils::GetMutableMeta(tensor)->dtype = dtype;
    }
  }
}

void AllocateOutputs(const KernelCall& call) {
  if (AllocateOwnShapes(call) || GradientSums::Instance().TakeOver(call)) return;
  const Contract* contract = call.info->contract;
  if (contract != nullptr && !contract->types.empty()) SetOutputTypes(call);
  if (contract != nullptr && contract->outputs != nullptr) contract->outputs(call);
  for (const auto& group : call.outputs) {
    for (auto* tensor : group) {
      if (tensor != nullptr) AllocateOutput(call, tensor);
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

// What a kernel takes from the allocator while it runs. Lives as long as this object.
class Scratch {
 public:
  explicit Scratch(const KernelCall& call) {
    if (const size_t bytes = WorkspaceBytes(call)) Add(call, bytes);
    const Contract* contract = call.info->contract;
    if (contract == nullptr || contract->scratch == nullptr) return;
    for (size_t bytes : contract->scratch(call)) Add(call, bytes);
  }

 private:
  void Add(const KernelCall& call, size_t bytes) {
    blocks_.emplace_back();
    blocks_.back().Resize({static_cast<int64_t>(bytes)});
    call.context->Alloc(&blocks_.back(), DataType::UINT8);
  }

  std::vector<DenseTensor> blocks_;
};

// What is asked of all values that were not computed holds: code asks so whether they are well formed
// (`assert (boxes[:, 2:] >= boxes[:, :2]).all()`) and refuses to go on where they are not. That
// some value is odd (`any`) does not hold, because nothing is written.
void LetAllHold(const KernelCall& call) {
  if (call.info->name != "all" && call.info->name != "all_raw") return;
  auto* answer = call.outputs.front()[0];
  if (answer == nullptr || answer->numel() != 1 || answer->dtype() != DataType::BOOL) return;
  *static_cast<bool*>(answer->data()) = true;
  DeviceMemory::Instance().MarkWritten(answer->data(), 1, false);
}

void Launch(const KernelCall& call) {
  if (!RouteEvenly(call) && !ComputeOnHost(call)) {
    AllocateOutputs(call);
    LetAllHold(call);
  }
  GradientSums::Instance().Note(call);
  const Scratch scratch(call);
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

// What the kernel reads on the host is not brought to the device.
void LeaveOnHost(const KernelInfo& info, phi::KernelArgsDef* definition) {
  if (info.contract == nullptr) return;
  const auto& names = info.names.inputs;
  for (size_t i = 0; i < names.size() && i < definition->input_defs().size(); ++i) {
    for (const char* name : info.contract->host_inputs) {
      if (names[i] == name) definition->input_defs()[i].SetBackend(phi::Backend::ALL_BACKEND);
    }
  }
}

// What Paddle has for custom devices is made of other operators and takes more memory than the one
// kernel that GPUs have: the parts of tensor parallelism that are no collectives. (`empty` is ours
// because it has to be.)
bool GpusHaveAnother(const std::string& name) {
  for (const char* beginning : {"empty", "c_embedding", "c_softmax_with_cross_entropy"}) {
    if (name.rfind(beginning, 0) == 0) return true;
  }
  return false;
}

// What Paddle has for custom devices, but not in bfloat16, which its GPU kernel knows.
bool LacksBfloat16(const std::string& name) { return name == "c_identity"; }

class Registrar {
 public:
  explicit Registrar(const char* device_type)
      : backend_(paddle::experimental::StringToBackend(device_type)),
        kernels_(phi::KernelFactory::Instance().kernels()) {
    for (auto& found : InstalledOperators()) operators_.emplace(found.kernel, std::move(found));
  }

  void RegisterAll() {
    std::vector<std::string> names;
    for (const auto& entry : kernels_) names.push_back(entry.first);
    for (const auto& name : names) Register(name);
    for (const auto& entry : operators_) RegisterGpuOnly(entry.second);
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
    const bool is_there = PaddleHasItForCustomDevices(name) && !GpusHaveAnother(name);
    if (is_there && !LacksBfloat16(name)) return;
    KernelInfo info;
    for (const auto& entry : kernels_[name]) {
      if (RunsOnCpu(entry.first)) info.cpu_kernels.emplace_back(entry.first.dtype(), entry.second);
    }
    if (info.cpu_kernels.empty() || !Decode(name, Model(info).second.args_def(), &info)) return;
    const auto found = operators_.find(name);
    const bool known = found != operators_.end();
    const auto* lasting =
        Complete(std::move(info), known ? found->second.names : ArgumentNames{});
    for (DataType dtype : DataTypes(*lasting)) {
      if (is_there && dtype != DataType::BFLOAT16) continue;
      Insert(*lasting, dtype, CpuDefinition(*lasting, dtype));
    }
  }

  // A kernel that Paddle has for GPUs and not for the CPU.
  void RegisterGpuOnly(const Operator& found) {
    KernelInfo info;
    if (IsElsewhere(found.kernel) || !Decode(found.kernel, found.arguments, &info)) return;
    const auto* lasting = Complete(std::move(info), found.names);
    for (DataType dtype : GpuDataTypes(*lasting)) {
      Insert(*lasting, dtype, DefinitionFor(found.arguments, DataType::FLOAT32, dtype, backend_));
    }
  }

  static const KernelInfo* Complete(KernelInfo info, ArgumentNames names) {
    const bool same = names.inputs.size() == info.inputs.size() &&
                      names.attributes.size() == info.attributes.size() &&
                      names.outputs.size() == info.output_is_vector.size();
    if (same) info.names = std::move(names);
    info.contract = ContractOf(info.name);
    return new KernelInfo(std::move(info));
  }

  // Either Paddle's own for any custom device, or a CPU kernel: ours is made from that.
  bool IsElsewhere(const std::string& name) const {
    const auto found = kernels_.find(name);
    if (found == kernels_.end() || GpusHaveAnother(name)) return false;
    for (const auto& entry : found->second) {
      const phi::Backend backend = entry.first.backend();
      if (backend == phi::Backend::CPU || backend == phi::Backend::CUSTOM) return true;
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

  static std::vector<DataType> GpuDataTypes(const KernelInfo& info) {
    if (info.contract != nullptr && !info.contract->dtypes.empty()) return info.contract->dtypes;
    return {DataType::FLOAT32, DataType::FLOAT16, DataType::BFLOAT16, DataType::FLOAT64,
            DataType::BOOL,    DataType::INT8,    DataType::UINT8,    DataType::INT32,
            DataType::INT64,   DataType::FLOAT8_E4M3FN, DataType::FLOAT8_E5M2};
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
    LeaveOnHost(info, &definition);
    *kernel.mutable_args_def() = std::move(definition);
    kernels_[info.name][phi::KernelKey(backend_, phi::DataLayout::ALL_LAYOUT, dtype)] = kernel;
  }

  phi::Backend backend_;
  phi::KernelNameMap& kernels_;
  std::unordered_map<std::string, Operator> operators_;  // by kernel
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
