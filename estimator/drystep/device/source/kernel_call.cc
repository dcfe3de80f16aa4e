#include "kernel_call.h"

#include <algorithm>
#include <cstring>
#include <typeindex>

namespace virtual_gpu {
namespace {

using phi::AttributeType;
using phi::DataType;
using phi::DenseTensor;
using TensorList = std::vector<const DenseTensor*>;
using AnyList = std::vector<const phi::TensorBase*>;  // add_n's, of dense and sparse gradients

bool DecodeInput(const std::type_index& type, InputKind* kind) {
  if (type == typeid(DenseTensor)) {
    *kind = InputKind::kTensor;
  } else if (type == typeid(paddle::optional<DenseTensor>)) {
    *kind = InputKind::kOptional;
  } else if (type == typeid(TensorList)) {
    *kind = InputKind::kVector;
  } else if (type == typeid(paddle::optional<TensorList>)) {
    *kind = InputKind::kOptionalVector;
  } else if (type == typeid(AnyList)) {
    *kind = InputKind::kVectorOfAny;
  } else {
    return false;
  }
  return true;
}

// Takes the words of a frame one after the other as the ABI placed them.
class FrameReader {
 public:
  explicit FrameReader(const CallFrame& frame) : frame_(frame) {}

  uintptr_t Word() {
    return word_ < Registers::kWords ? frame_.registers->words[word_++] : frame_.stack[stack_++];
  }
  template <typename T>
  const T& Reference() {
    return *reinterpret_cast<const T*>(Word());
  }
  // float and double arrive in the low bits of a vector register or of a stack word.
  template <typename T>
  T Floating() {
    T value;
    const void* from = float_ < Registers::kFloats
                           ? static_cast<const void*>(&frame_.registers->floats[float_++])
                           : static_cast<const void*>(&frame_.stack[stack_++]);
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
  // Sixteen bytes travel together: in two registers, or on the stack when only one is left.
  phi::Place Place() {
    static_assert(sizeof(phi::Place) == 2 * sizeof(uintptr_t), "Place is two words");
    uintptr_t words[2];
    if (word_ + 2 <= Registers::kWords) {
      words[0] = frame_.registers->words[word_++];
      words[1] = frame_.registers->words[word_++];
    } else {
      words[0] = frame_.stack[stack_++];
      words[1] = frame_.stack[stack_++];
    }
    phi::Place place;
    std::memcpy(static_cast<void*>(&place), words, sizeof(place));
    return place;
  }

 private:
  const CallFrame& frame_;
  int word_ = 0;
  int float_ = 0;
  int stack_ = 0;
};

const DenseTensor* Dense(const phi::TensorBase* tensor) {
  if (tensor == nullptr || !DenseTensor::classof(tensor)) return nullptr;
  return static_cast<const DenseTensor*>(tensor);
}

KernelCall::Inputs ReadInput(InputKind kind, FrameReader* reader) {
  KernelCall::Inputs group;
  switch (kind) {
    case InputKind::kTensor:
      group.push_back(&reader->Reference<DenseTensor>());
      break;
    case InputKind::kOptional:
      group.push_back(reader->Reference<paddle::optional<DenseTensor>>().get_ptr());
      break;
    case InputKind::kVector:
      for (const auto* tensor : reader->Reference<TensorList>()) group.push_back(tensor);
      break;
    case InputKind::kOptionalVector:
      if (const auto* list = reader->Reference<paddle::optional<TensorList>>().get_ptr()) {
        for (const auto* tensor : *list) group.push_back(tensor);
      }
      break;
    case InputKind::kVectorOfAny:
      for (const auto* tensor : reader->Reference<AnyList>()) group.push_back(Dense(tensor));
      break;
  }
  return group;
}

phi::Attribute ReadAttribute(AttributeType type, FrameReader* reader) {
  switch (type) {
    case AttributeType::BOOL:
      return (reader->Word() & 0xff) != 0;
    case AttributeType::INT32:
      return static_cast<int>(reader->Word());
    case AttributeType::INT64:
      return static_cast<int64_t>(reader->Word());
    case AttributeType::FLOAT32:
      return reader->Floating<float>();
    case AttributeType::FLOAT64:
      return reader->Floating<double>();
    case AttributeType::STRING:
      return reader->Reference<std::string>();
    case AttributeType::BOOLS:
      return reader->Reference<std::vector<bool>>();
    case AttributeType::INT32S:
      return reader->Reference<std::vector<int>>();
    case AttributeType::INT64S:
      return reader->Reference<std::vector<int64_t>>();
    case AttributeType::FLOAT32S:
      return reader->Reference<std::vector<float>>();
    case AttributeType::FLOAT64S:
      return reader->Reference<std::vector<double>>();
    case AttributeType::STRINGS:
      return reader->Reference<std::vector<std::string>>();
    case AttributeType::SCALAR:
      return reader->Reference<phi::Scalar>();
    case AttributeType::SCALARS:
      return reader->Reference<std::vector<phi::Scalar>>();
    case AttributeType::INT_ARRAY:
      return reader->Reference<phi::IntArray>();
    case AttributeType::DATA_TYPE:
      return static_cast<phi::DataType>(reader->Word());
    case AttributeType::DATA_LAYOUT:
      return static_cast<phi::DataLayout>(reader->Word());
    case AttributeType::PLACE:
      return reader->Place();
    case AttributeType::UNDEFINED:
      break;
  }
  PADDLE_THROW(common::errors::Unimplemented("virtual GPU: attribute of an unknown type"));
}

KernelCall::Outputs ReadOutput(bool is_vector, FrameReader* reader) {
  KernelCall::Outputs group;
  if (is_vector) {
    for (auto* tensor : reader->Reference<std::vector<DenseTensor*>>()) group.push_back(tensor);
  } else {
    group.push_back(reinterpret_cast<DenseTensor*>(reader->Word()));
  }
  return group;
}

}  // namespace

size_t Bytes(const DenseTensor& tensor) {
  return static_cast<size_t>(tensor.numel()) * phi::SizeOf(tensor.dtype());
}

bool HasBytes(const DenseTensor& tensor) {
  return tensor.has_allocation() && tensor.numel() > 0 &&
         tensor.capacity() >= tensor.meta().offset + Bytes(tensor);
}

const phi::Kernel* KernelInfo::CpuKernel(phi::DataType dtype) const {
  for (const auto& kernel : cpu_kernels) {
    if (kernel.first == dtype) return &kernel.second;
  }
  return nullptr;
}

bool Decode(const std::string& name, const phi::KernelArgsDef& def, KernelInfo* info) {
  info->name = name;
  for (const auto& input : def.input_defs()) {
    InputKind kind;
    if (!DecodeInput(input.type_index, &kind)) return false;
    info->inputs.push_back(kind);
  }
  for (const auto& attribute : def.attribute_defs()) {
    if (attribute.type_index == AttributeType::UNDEFINED) return false;
    info->attributes.push_back(attribute.type_index);
  }
  for (const auto& output : def.output_defs()) {
    const bool is_vector = output.type_index == typeid(std::vector<DenseTensor*>);
    if (!is_vector && output.type_index != typeid(DenseTensor*)) return false;
    info->output_is_vector.push_back(is_vector);
  }
  return true;
}

int KernelCall::IndexOf(const std::vector<std::string>& names, const char* name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

const DenseTensor* KernelCall::Input(const char* name) const {
  const int index = IndexOf(info->names.inputs, name);
  return index < 0 || inputs[index].empty() ? nullptr : inputs[index][0];
}

DenseTensor* KernelCall::Output(const char* name) const {
  const int index = IndexOf(info->names.outputs, name);
  return index < 0 || outputs[index].empty() ? nullptr : outputs[index][0];
}

KernelCall KernelCall::FromFrame(const KernelInfo& info, DataType dtype,
                                 const phi::DeviceContext& context, const CallFrame& frame) {
  KernelCall call;
  call.info = &info;
  call.dtype = dtype;
  call.context = &context;
  FrameReader reader(frame);
  for (auto kind : info.inputs) call.inputs.push_back(ReadInput(kind, &reader));
  for (auto type : info.attributes) call.attributes.push_back(ReadAttribute(type, &reader));
  for (bool is_vector : info.output_is_vector) {
    call.outputs.push_back(ReadOutput(is_vector, &reader));
  }
  return call;
}

KernelCall KernelCall::FromContext(const KernelInfo& info, DataType dtype,
                                   phi::KernelContext* context) {
  KernelCall call;
  call.info = &info;
  call.dtype = dtype;
  call.context = &context->GetDeviceContext<phi::DeviceContext>();
  for (size_t i = 0; i < info.inputs.size(); ++i) {
    const auto& range = context->InputRangeAt(i);
    Inputs group;
    for (int j = range.first; j < range.second; ++j) {
      group.push_back(Dense(context->MutableInputAt(j)));
    }
    call.inputs.push_back(group);
  }
  for (size_t i = 0; i < info.attributes.size(); ++i) {
    call.attributes.push_back(context->AttrAt(i));
  }
  for (size_t i = 0; i < info.output_is_vector.size(); ++i) {
    const auto& range = context->OutputRangeAt(i);
    Outputs group;
    for (int j = range.first; j < range.second; ++j) {
      group.push_back(static_cast<DenseTensor*>(context->MutableOutputAt(j)));
    }
    call.outputs.push_back(group);
  }
  return call;
}

}  // namespace virtual_gpu
