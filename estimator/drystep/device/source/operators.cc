#include "operators.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "paddle/fluid/pir/dialect/operator/interface/op_yaml_info.h"
#include "paddle/fluid/pir/dialect/operator/ir/op_dialect.h"
#include "paddle/phi/core/dense_tensor.h"
#include "paddle/pir/include/core/ir_context.h"
#include "paddle/pir/include/core/op_info.h"

namespace virtual_gpu {
namespace {

using paddle::dialect::OpAttributeInfo;
using paddle::dialect::OpInputInfo;
using phi::AttributeType;
using phi::DenseTensor;

constexpr const char* kTensor = "paddle::dialect::DenseTensorType";
constexpr const char* kTensorList = "pir::VectorType<paddle::dialect::DenseTensorType>";

AttributeType TypeOfAttribute(const std::string& name) {
  static const std::unordered_map<std::string, AttributeType> kTypes = {
      {"pir::BoolAttribute", AttributeType::BOOL},
      {"pir::Int32Attribute", AttributeType::INT32},
      {"pir::Int64Attribute", AttributeType::INT64},
      {"pir::FloatAttribute", AttributeType::FLOAT32},
      {"pir::DoubleAttribute", AttributeType::FLOAT64},
      {"pir::StrAttribute", AttributeType::STRING},
      {"pir::ArrayAttribute<pir::BoolAttribute>", AttributeType::BOOLS},
      {"pir::ArrayAttribute<pir::Int32Attribute>", AttributeType::INT32S},
      {"pir::ArrayAttribute<pir::Int64Attribute>", AttributeType::INT64S},
      {"pir::ArrayAttribute<pir::FloatAttribute>", AttributeType::FLOAT32S},
      {"pir::ArrayAttribute<pir::DoubleAttribute>", AttributeType::FLOAT64S},
      {"pir::ArrayAttribute<pir::StrAttribute>", AttributeType::STRINGS},
      {"pir::ArrayAttribute<paddle::dialect::ScalarAttribute>", AttributeType::SCALARS},
      {"paddle::dialect::ScalarAttribute", AttributeType::SCALAR},
      {"paddle::dialect::IntArrayAttribute", AttributeType::INT_ARRAY},
      {"paddle::dialect::DataTypeAttribute", AttributeType::DATA_TYPE},
      {"paddle::dialect::DataLayoutAttribute", AttributeType::DATA_LAYOUT},
      {"paddle::dialect::PlaceAttribute", AttributeType::PLACE},
  };
  const auto found = kTypes.find(name);
  return found == kTypes.end() ? AttributeType::UNDEFINED : found->second;
}

// The type of a tensor argument in a kernel's signature.
std::optional<std::type_index> TypeOfInput(const OpInputInfo& input) {
  if (input.type_name == kTensor) {
    return input.optional ? typeid(paddle::optional<DenseTensor>) : typeid(DenseTensor);
  }
  if (input.type_name == kTensorList) {
    using List = std::vector<const DenseTensor*>;
    return input.optional ? typeid(paddle::optional<List>) : typeid(List);
  }
  return std::nullopt;
}

// Puts one kernel together; false as soon as an argument is of a kind that we cannot read.
class Builder {
 public:
  explicit Builder(const OpInfoTuple& info) : info_(info) {}

  bool Build(Operator* result) const {
    const auto& runtime = std::get<3>(info_);
    result->kernel = runtime.kernel_func;
    for (const auto& name : runtime.kernel_param) {
      if (!AddParameter(name, result)) return false;
    }
    for (const auto& output : std::get<2>(info_)) {
      if (output.type_name != kTensor && output.type_name != kTensorList) return false;
      const std::type_index type = output.type_name == kTensor
                                       ? typeid(DenseTensor*)
                                       : typeid(std::vector<DenseTensor*>);
      result->arguments.AppendOutput(phi::Backend::CPU, kLayout, kType, type);
      result->names.outputs.push_back(output.name);
    }
    return true;
  }

 private:
  static constexpr auto kLayout = phi::DataLayout::ALL_LAYOUT;
  static constexpr auto kType = phi::DataType::FLOAT32;

  bool AddParameter(const std::string& name, Operator* result) const {
    for (const auto& input : std::get<0>(info_)) {
      if (input.name != name) continue;
      return input.is_mutable_attribute ? AddAttribute(name, input.type_name, result)
                                        : AddTensor(input, result);
    }
    for (const auto& attribute : std::get<1>(info_)) {
      if (attribute.name == name) return AddAttribute(name, attribute.type_name, result);
    }
    return false;
  }

  static bool AddTensor(const OpInputInfo& input, Operator* result) {
    const auto type = TypeOfInput(input);
    if (!type) return false;
    result->arguments.AppendInput(phi::Backend::CPU, kLayout, kType, *type);
    result->names.inputs.push_back(input.name);
    return true;
  }

  static bool AddAttribute(const std::string& name, const std::string& type_name,
                           Operator* result) {
    const AttributeType type = TypeOfAttribute(type_name);
    result->arguments.AppendAttribute(type);
    result->names.attributes.push_back(name);
    return type != AttributeType::UNDEFINED;
  }

  const OpInfoTuple& info_;
};

bool ForAnotherVendor(const std::string& kernel) {
  return kernel.find("_xpu") != std::string::npos;
}

}  // namespace

std::vector<Operator> InstalledOperators() {
  std::vector<Operator> operators;
  pir::IrContext* context = pir::IrContext::Instance();
  context->GetOrRegisterDialect<paddle::dialect::OperatorDialect>();
  for (const auto& entry : context->registered_op_info_map()) {
    auto* interface = entry.second.GetInterfaceImpl<paddle::dialect::OpYamlInfoInterface>();
    if (interface == nullptr) continue;
    const OpInfoTuple info = interface->get_op_info_(entry.first);
    Operator found;
    if (Builder(info).Build(&found) && !found.kernel.empty() && !ForAnotherVendor(found.kernel)) {
      operators.push_back(std::move(found));
    }
  }
  return operators;
}

}  // namespace virtual_gpu
