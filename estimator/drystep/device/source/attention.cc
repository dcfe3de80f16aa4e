#include "attention.h"

#include <algorithm>

namespace virtual_gpu {
namespace {

using phi::DataType;
using phi::DenseTensor;

constexpr int64_t kLseAlignment = 32;  // of cutlass' memory-efficient attention

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// The sizes of one attention call. Its tensors are [batch, length, heads, size], or
// [tokens, heads, size] with the bounds of the sequences beside them; packed ones have
// [..., heads / key heads + 2, key heads, size].
struct Sizes {
  int64_t batch, tokens, query_length, key_length, heads, key_heads, head_size;

  int64_t key_elements() const { return batch * key_length * key_heads * head_size; }
};

int64_t Length(const KernelCall& call, const char* name, int64_t otherwise) {
  return call.Attribute<phi::Scalar>(name, phi::Scalar(otherwise)).to<int64_t>();
}

Sizes SizesOf(const KernelCall& call) {
  Sizes sizes{};
  const DenseTensor* packed = call.Input("qkv");
  const phi::DDim& query = (packed != nullptr ? packed : call.Input("q"))->dims();
  const phi::DDim& key = packed != nullptr ? query : call.Input("k")->dims();
  const int axes = query.size();
  const int trailing = packed != nullptr ? 3 : 2;
  sizes.head_size = query[axes - 1];
  sizes.key_heads = key[axes - 2];
  sizes.heads = packed != nullptr ? (query[axes - 3] - 2) * query[axes - 2] : query[axes - 2];
  const DenseTensor* bounds = call.Input("cu_seqlens_q");
  const int64_t rows = query[axes - trailing - 1];
  sizes.batch = bounds != nullptr ? bounds->numel() - 1 : query[0];
  sizes.tokens = bounds != nullptr ? rows : query[0] * rows;
  sizes.query_length = Length(call, "max_seqlen_q", rows);
  sizes.key_length = Length(call, "max_seqlen_k", packed != nullptr ? rows : key[axes - 3]);
  return sizes;
}

// Paddle 3.3 keeps one value a query, and for sequences without padding one a token; 3.2 rounded
// the length up.
phi::DDim LogSumExpDims(const KernelCall& call, const Sizes& sizes) {
#if VGPU_PADDLE_RELEASE >= 303
  const bool padded = call.Attribute<bool>("varlen_padded", false);
  if (call.Input("cu_seqlens_q") != nullptr && !padded) return {sizes.heads, sizes.tokens};
  return {sizes.batch, sizes.heads, sizes.query_length};
#else
  return {sizes.batch, sizes.heads, RoundUp(sizes.query_length, 128)};
#endif
}

void FlashOutputs(const KernelCall& call) {
  const Sizes sizes = SizesOf(call);
  AllocateOnDevice(call, call.Output("softmax_lse"), LogSumExpDims(call, sizes), DataType::FLOAT32);
  if (DenseTensor* seed = call.Output("seed_offset")) {
    AllocateOnHost(call, seed, {2}, DataType::INT64);
  }
  DenseTensor* softmax = call.Output("softmax");
  if (softmax == nullptr) return;
  if (!call.Attribute<bool>("return_softmax", false)) return LeaveOut(softmax);
  const phi::DDim dims = {sizes.batch, sizes.heads, RoundUp(sizes.query_length, 128),
                          RoundUp(sizes.key_length, 128)};
  AllocateOnDevice(call, softmax, dims, call.dtype);
}

std::vector<size_t> RandomState(const KernelCall&) { return {2 * sizeof(int64_t)}; }

// Version 3 of flash attention works on other blocks in its backward pass.
bool IsThirdVersion(const KernelCall& call) {
  const std::string& name = call.info->name;
  return name.find("v3") != std::string::npos || name.find("_v2") != std::string::npos;
}

int64_t QueryBlock(bool third, int64_t head_size) {
  if (!third) return 128;
  return head_size <= 64 ? 128 : head_size < 256 ? 64 : 32;
}

// The gradients of key and value are formed for every query head and then summed.
void AddGroupedGradients(const KernelCall& call, const Sizes& sizes, std::vector<size_t>* blocks) {
  if (sizes.heads == sizes.key_heads) return;
  const int64_t groups = sizes.heads / sizes.key_heads;
  const DenseTensor* key = call.Input("k");
  const int64_t elements = key != nullptr ? key->numel() : sizes.tokens * sizes.key_heads *
                                                               sizes.head_size;
  for (int i = 0; i < 2; ++i) blocks->push_back(elements * groups * phi::SizeOf(call.dtype));
}

std::vector<size_t> FlashGradientScratch(const KernelCall& call) {
  const Sizes sizes = SizesOf(call);
  const bool third = IsThirdVersion(call);
  const int64_t rows = sizes.batch * sizes.heads *
                       RoundUp(sizes.query_length, QueryBlock(third, sizes.head_size));
  const int64_t columns = RoundUp(sizes.head_size, 32);
  std::vector<size_t> blocks;
  AddGroupedGradients(call, sizes, &blocks);
  blocks.push_back(2 * sizeof(int64_t));            // state of the random numbers
  blocks.push_back(rows * sizeof(float));           // row sums of output x its gradient
  if (third) blocks.push_back(rows * sizeof(float));  // log-sum-exp to base 2
  blocks.push_back(rows * columns * sizeof(float));  // the gradient of the query, accumulated
  return blocks;
}

void EfficientOutputs(const KernelCall& call) {
  const phi::DDim& query = call.Input("query")->dims();
  const DenseTensor* bounds = call.Input("cu_seqlens_q");
  const int64_t batch = bounds != nullptr ? bounds->numel() - 1 : query[0];
  const int64_t length = bounds != nullptr ? Length(call, "max_seqlen_q", query[1]) : query[1];
  const bool test = call.Attribute<bool>("is_test", false);
  AllocateOnDevice(call, call.Output("logsumexp"),
                   {batch, query[2], test ? 0 : RoundUp(length, kLseAlignment)},
                   DataType::FLOAT32);
  AllocateOnHost(call, call.Output("seed_and_offset"), {2}, DataType::INT64);
}

// Half precision: row sums, and the query's gradient accumulated in float32. Float32: the product
// of output and its gradient, and its row sums before and after a transpose.
std::vector<size_t> EfficientGradientScratch(const KernelCall& call) {
  const phi::DDim& query = call.Input("query")->dims();
  const size_t rows = query[0] * query[1] * query[2] * sizeof(float);
  const size_t output = call.Input("output")->numel() * sizeof(float);
  if (call.dtype == DataType::FLOAT32) return {output, rows, rows};
  return {rows, static_cast<size_t>(call.Input("query")->numel()) * sizeof(float)};
}

}  // namespace

const std::unordered_map<std::string, Contract>& AttentionContracts() {
  using Types = std::vector<DataType>;
  static const Types kHalf = {DataType::FLOAT16, DataType::BFLOAT16};
  static const Types kFloats = {DataType::FLOAT32, DataType::FLOAT16, DataType::BFLOAT16};
  static const auto* contracts = new std::unordered_map<std::string, Contract>{
      {"flash_attn", {kHalf, {"fixed_seed_offset"}, FlashOutputs, RandomState}},
      {"flash_attn_grad", {kHalf, {"seed_offset"}, nullptr, FlashGradientScratch}},
      {"flash_attn_unpadded", {kHalf, {"fixed_seed_offset"}, FlashOutputs, RandomState}},
      {"flash_attn_unpadded_grad", {kHalf, {"seed_offset"}, nullptr, FlashGradientScratch}},
      {"flash_attn_qkvpacked", {kHalf, {"fixed_seed_offset"}, FlashOutputs, RandomState}},
      {"flash_attn_qkvpacked_grad", {kHalf, {"seed_offset"}, nullptr, FlashGradientScratch}},
      {"flash_attn_varlen_qkvpacked", {kHalf, {"fixed_seed_offset"}, FlashOutputs, RandomState}},
      {"flash_attn_varlen_qkvpacked_grad", {kHalf, {"seed_offset"}, nullptr, FlashGradientScratch}},
      {"flashmask_attention", {kHalf, {"fixed_seed_offset"}, FlashOutputs, RandomState}},
      {"flashmask_attention_grad", {kHalf, {"seed_offset"}, nullptr, FlashGradientScratch}},
      {"flashmask_attention_v2", {kHalf, {}, FlashOutputs, nullptr}},
      {"flashmask_attention_v2_grad", {kHalf, {}, nullptr, FlashGradientScratch}},
      {"flash_attn_v3", {kHalf, {}, FlashOutputs, nullptr}},
      {"flash_attn_v3_grad", {kHalf, {}, nullptr, FlashGradientScratch}},
      {"flash_attn_v3_varlen", {kHalf, {}, FlashOutputs, nullptr}},
      {"flash_attn_v3_varlen_grad", {kHalf, {}, nullptr, FlashGradientScratch}},
      {"memory_efficient_attention", {kFloats, {}, EfficientOutputs, nullptr}},
      {"memory_efficient_attention_grad",
       {kFloats, {"seed_and_offset"}, nullptr, EfficientGradientScratch}},
      {"variable_length_memory_efficient_attention", {kFloats, {}, nullptr, nullptr}},
  };
  return *contracts;
}

}  // namespace virtual_gpu
