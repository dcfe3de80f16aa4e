#include "own_shapes.h"

#include "device_memory.h"
#include "paddle/phi/core/tensor_utils.h"

namespace virtual_gpu {
namespace {

using phi::DataType;
using phi::DenseTensor;

constexpr size_t kAlignment = 256;

template <typename T>
const T& Attribute(const KernelCall& call, size_t index) {
  return paddle::get<T>(call.attributes.at(index));
}

void AllocateZeros(const KernelCall& call, DenseTensor* tensor, const phi::DDim& dims,
                   DataType dtype) {
  tensor->Resize(dims);
  void* bytes = call.context->Alloc(tensor, dtype);
  DeviceMemory::Instance().Clear(bytes, Bytes(*tensor));
}

// Makes `tensor` the part of `whole` that begins at `offset` bytes.
void MakeSlice(const DenseTensor& whole, size_t offset, DenseTensor* tensor) {
  const phi::DDim dims = tensor->dims();
  tensor->ShareDataWith(whole);
  tensor->Resize(dims);
  phi::DenseTensorUtils::GetMutableMeta(tensor)->offset = whole.meta().offset + offset;
}

// coalesce_tensor(input...; dtype, copy_data, set_constant, persist_output, constant, use_align,
// align_size, size_of_dtype, ...; output..., fused_output): one block for many tensors. Recurrent
// layers and data parallel gradients live in such blocks.
void Coalesce(const KernelCall& call) {
  const DataType dtype = Attribute<DataType>(call, 0);
  const bool align = Attribute<bool>(call, 5);
  const auto& parts = call.outputs.at(0);
  std::vector<size_t> offsets;
  size_t total = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i]->Resize(call.inputs.at(0)[i]->dims());
    offsets.push_back(total);
    const size_t bytes = parts[i]->numel() * phi::SizeOf(dtype);
    total += align ? (bytes + kAlignment - 1) / kAlignment * kAlignment : bytes;
  }
  DenseTensor* fused = call.outputs.at(1)[0];
  AllocateZeros(call, fused, {static_cast<int64_t>(total / phi::SizeOf(dtype))}, dtype);
  for (size_t i = 0; i < parts.size(); ++i) MakeSlice(*fused, offsets[i], parts[i]);
}

// What rnn keeps for its backward pass per layer, in blocks of one value for each direction, time
// step, sample and hidden unit: the gates, and the cell before and after its activation.
int BlocksPerLayer(const std::string& mode) {
  if (mode == "LSTM") return 4 + 2;
  if (mode == "GRU") return 3 + 1;
  return 1;
}

// rnn(x [time, batch, input], ...; dropout, is_bidirec, input_size, hidden_size, num_layers, mode,
// seed, is_test; out, dropout_state, state..., reserve). Between the layers one hidden state each
// is kept as well. cuDNN keeps the same values in a layout of its own.
void AllocateRecurrentState(const KernelCall& call) {
  if (Attribute<bool>(call, 7)) return;
  const DenseTensor& x = *call.inputs.at(0)[0];
  const int directions = Attribute<bool>(call, 1) ? 2 : 1;
  const int64_t block = directions * x.dims()[0] * x.dims()[1] * Attribute<int>(call, 3);
  const int64_t layers = Attribute<int>(call, 4);
  const int64_t rows = layers * BlocksPerLayer(Attribute<std::string>(call, 5)) + layers - 1;
  AllocateZeros(call, call.outputs.at(3)[0], {rows, block}, x.dtype());
  AllocateZeros(call, call.outputs.at(1)[0], {block}, DataType::UINT8);
}

}  // namespace

bool AllocateOwnShapes(const KernelCall& call) {
  if (call.info->name == "coalesce_tensor") {
    Coalesce(call);
    return true;
  }
  if (call.info->name == "rnn") AllocateRecurrentState(call);
  return false;
}

}  // namespace virtual_gpu
