#include "fused.h"

namespace virtual_gpu {
namespace {

using phi::DataType;
using phi::DenseTensor;

void DropoutAddOutputs(const KernelCall& call) {
  AllocateOnHost(call, call.Output("seed_offset"), {2}, DataType::INT64);
}

// Adds to the gradients that are there already, or makes them.
void AddTo(const DenseTensor* sum, DenseTensor* output) {
  if (sum == nullptr || output == nullptr) return;
  const phi::DDim dims = output->dims();
  output->ShareDataWith(*sum);
  output->Resize(dims);
}

void LinearGradientOutputs(const KernelCall& call) {
  AddTo(call.Input("dweight"), call.Output("dweight_out"));
  if (call.Attribute<bool>("has_bias", true)) {
    AddTo(call.Input("dbias"), call.Output("dbias_out"));
  } else {
    LeaveOut(call.Output("dbias_out"));
  }
}

// Only the batch norm of cuDNN keeps a reserve, and only for some calls of NHWC half precision.
void NoReserve(const KernelCall& call) { LeaveOut(call.Output("reserve_space")); }

// Layer norm keeps its parameters and statistics in float32, dropout its mask in bytes.
std::vector<std::pair<const char*, DataType>> LayerNormTypes() {
  std::vector<std::pair<const char*, DataType>> types;
  for (const char* name :
       {"ln_mean", "ln_var", "ln_variance", "ln_mean_2", "ln_var_2", "ln1_mean", "ln1_variance",
        "ln2_mean", "ln2_variance", "ln_scale_grad", "ln_bias_grad", "ln_scale_2_grad",
        "ln_bias_2_grad", "ln1_scale_grad", "ln1_bias_grad", "ln2_scale_grad", "ln2_bias_grad"}) {
    types.emplace_back(name, DataType::FLOAT32);
  }
  for (const char* name : {"dropout_mask_out", "attn_dropout_mask_out", "dropout1_mask",
                           "dropout2_mask"}) {
    types.emplace_back(name, DataType::UINT8);
  }
  return types;
}

void RmsNormExtOutputs(const KernelCall& call) {
  const phi::DDim& dims = call.Input("x")->dims();
  AllocateOnDevice(call, call.Output("y"), dims, call.dtype);
  AllocateOnDevice(call, call.Output("invvar"), phi::slice_ddim(dims, 0, dims.size() - 1),
                   DataType::FLOAT32);
}

}  // namespace

const std::unordered_map<std::string, Contract>& FusedContracts() {
  using Types = std::vector<DataType>;
  static const Types kFloats = {DataType::FLOAT32, DataType::FLOAT16, DataType::BFLOAT16,
                                DataType::FLOAT64};
  // The optimizers keep the powers of beta on the host, and the GPU kernels take them from there.
  static const Contract kPowersOnHost = {{}, {"beta1_pow", "beta2_pow"}, nullptr, nullptr};
  static const auto* contracts = new std::unordered_map<std::string, Contract>{
      {"adam", kPowersOnHost},
      {"adamw", kPowersOnHost},
      {"merged_adam", kPowersOnHost},
      {"lamb", kPowersOnHost},
      {"fused_dropout_add", {kFloats, {}, DropoutAddOutputs, nullptr}},
      {"fused_dropout_add_grad", {kFloats, {"seed_offset"}, nullptr, nullptr}},
      {"fused_rms_norm_ext", {kFloats, {}, RmsNormExtOutputs, nullptr}},
      {"fused_linear_param_grad_add", {{}, {}, LinearGradientOutputs, nullptr}},
      {"fused_bias_dropout_residual_layer_norm", {kFloats, {}, nullptr, nullptr, LayerNormTypes()}},
      {"fused_bias_dropout_residual_layer_norm_grad",
       {kFloats, {}, nullptr, nullptr, LayerNormTypes()}},
      {"fused_attention", {kFloats, {}, nullptr, nullptr, LayerNormTypes()}},
      {"fused_attention_grad", {kFloats, {}, nullptr, nullptr, LayerNormTypes()}},
      {"fused_feedforward", {kFloats, {}, nullptr, nullptr, LayerNormTypes()}},
      {"fused_feedforward_grad", {kFloats, {}, nullptr, nullptr, LayerNormTypes()}},
      {"sync_batch_norm", {kFloats, {}, NoReserve, nullptr}},
  };
  return *contracts;
}

}  // namespace virtual_gpu
