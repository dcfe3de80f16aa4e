#include "launch_trace.h"

#include <cmath>
#include <cstdio>
#include <mutex>
#include <unordered_set>

#include "paddle/phi/common/data_type.h"

namespace paddle {
namespace memory {
// From paddle/phi/core/memory/stats.h, whose own includes (glog) the wheel does not carry.
int64_t DeviceMemoryStatCurrentValue(const std::string& stat_type, int dev_id);
}  // namespace memory
}  // namespace paddle

namespace virtual_gpu {
namespace {

using phi::DenseTensor;

// The record is written by every thread that launches, such as a reader that makes tensors.
std::mutex& Guard() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

void AppendNumber(double value, std::string* text) {
  if (!std::isfinite(value)) {
    *text += "null";
    return;
  }
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.9g", value);
  *text += buffer;
}

template <typename Values>
void AppendIntegers(const Values& values, std::string* text) {
  *text += '[';
  bool first = true;
  for (int64_t value : values) {
    if (!first) *text += ',';
    first = false;
    *text += std::to_string(value);
  }
  *text += ']';
}

// ["float32",[8,3,224,224]]
void AppendTensor(const DenseTensor& tensor, std::string* text) {
  *text += "[\"";
  *text += phi::DataTypeToString(tensor.dtype());
  *text += "\",";
  AppendIntegers(common::vectorize(tensor.dims()), text);
  *text += ']';
}

template <typename Groups>
void AppendTensors(const Groups& groups, std::string* text) {
  *text += '[';
  bool first = true;
  for (const auto& group : groups) {
    for (const auto* tensor : group) {
      if (tensor == nullptr || !HasBytes(*tensor)) continue;
      if (!first) *text += ',';
      first = false;
      AppendTensor(*tensor, text);
    }
  }
  *text += ']';
}

// Strings, types and places say nothing about cost and are left out.
bool AppendAttribute(const phi::Attribute& attribute, std::string* text) {
  if (const auto* flag = paddle::get_if<bool>(&attribute)) {
    *text += *flag ? "true" : "false";
  } else if (const auto* small = paddle::get_if<int>(&attribute)) {
    *text += std::to_string(*small);
  } else if (const auto* large = paddle::get_if<int64_t>(&attribute)) {
    *text += std::to_string(*large);
  } else if (const auto* single = paddle::get_if<float>(&attribute)) {
    AppendNumber(*single, text);
  } else if (const auto* real = paddle::get_if<double>(&attribute)) {
    AppendNumber(*real, text);
  } else if (const auto* smalls = paddle::get_if<std::vector<int>>(&attribute)) {
    AppendIntegers(*smalls, text);
  } else if (const auto* larges = paddle::get_if<std::vector<int64_t>>(&attribute)) {
    AppendIntegers(*larges, text);
  } else {
    return false;
  }
  return true;
}

void AppendAttributes(const KernelCall& call, std::string* text) {
  *text += '{';
  bool first = true;
  for (size_t i = 0; i < call.attributes.size(); ++i) {
    std::string value;
    if (!AppendAttribute(call.attributes[i], &value)) continue;
    if (!first) *text += ',';
    first = false;
    *text += '"' + std::to_string(i) + "\":" + value;
  }
  *text += '}';
}

std::string Describe(const KernelCall& call, int32_t phase) {
  std::string text = "\"name\":\"" + call.info->name + "\",\"phase\":" + std::to_string(phase);
  text += ",\"in\":";
  AppendTensors(call.inputs, &text);
  text += ",\"out\":";
  AppendTensors(call.outputs, &text);
  text += ",\"attributes\":";
  AppendAttributes(call, &text);
  return text;
}

}  // namespace

LaunchTrace& LaunchTrace::Instance() {
  static LaunchTrace* trace = new LaunchTrace;
  return *trace;
}

void LaunchTrace::Begin(int64_t snapshot_at) {
  std::lock_guard<std::mutex> lock(Guard());
  LaunchTrace next;
  next.phase_ = phase_;
  next.on_snapshot_ = on_snapshot_;
  next.follow_ = follow_;
  next.snapshot_at_ = snapshot_at;
  next.recording_ = true;
  if (snapshot_at >= 0) next.tracked_ = std::move(tracked_);
  *this = std::move(next);
  for (size_t i = 0; follow_ && i < tracked_.size(); ++i) {
    tracked_[i].born = tracked_[i].died = -1;
    const auto alive = tracked_[i].allocation.lock();
    if (alive != nullptr) alive_.emplace(alive.get(), i);
  }
}

void LaunchTrace::OnLaunch(const KernelCall& call) {
  // The listener may wait for Python's own lock, so it is called outside of ours.
  if (Note(call) && on_snapshot_ != nullptr) on_snapshot_(call.info->name.c_str());
}

bool LaunchTrace::Note(const KernelCall& call) {
  std::lock_guard<std::mutex> lock(Guard());
  if (follow_) NoteDeaths();
  Track(call);
  const int64_t allocated = paddle::memory::DeviceMemoryStatCurrentValue("Allocated", 0);
  if (allocated > peak_allocated_) {
    peak_allocated_ = allocated;
    peak_launch_ = launches_;
    peak_phase_ = phase_;
  }
  if (follow_) points_.push_back(LaunchPoint{allocated, phase_});
  const bool is_the_one = launches_ == snapshot_at_;
  if (is_the_one) TakeSnapshot();
  ++launches_;
  std::string description = Describe(call, phase_);
  if (counts_[description]++ == 0) order_.push_back(std::move(description));
  return is_the_one;
}

void LaunchTrace::Track(const KernelCall& call) {
  for (const auto& group : call.outputs) {
    for (const auto* tensor : group) {
      if (tensor == nullptr || !HasBytes(*tensor)) continue;
      const auto& holder = tensor->Holder();
      const auto address = reinterpret_cast<uint64_t>(holder->ptr());
      if (follow_) alive_.emplace(holder.get(), tracked_.size());
      tracked_.push_back(
          Tracked{holder, LiveAllocation{address, holder->size(), phase_, 0}, launches_, launches_});
    }
  }
}

void LaunchTrace::NoteDeaths() {
  for (auto entry = alive_.begin(); entry != alive_.end();) {
    Tracked& block = tracked_[entry->second];
    if (block.allocation.expired()) {
      block.died = launches_;
      entry = alive_.erase(entry);
    } else {
      ++entry;
    }
  }
}

std::vector<Lifetime> LaunchTrace::Lifetimes() const {
  std::lock_guard<std::mutex> lock(Guard());
  std::unordered_set<size_t> outliving;
  for (const auto& entry : alive_) outliving.insert(entry.second);
  std::vector<Lifetime> lifetimes;
  for (size_t i = 0; i < tracked_.size(); ++i) {
    const Tracked& block = tracked_[i];
    const int64_t died = outliving.count(i) != 0 ? launches_ : block.died;
    if (died > block.born) {
      lifetimes.push_back(Lifetime{block.live.address, block.live.bytes, block.born, died,
                                   block.live.phase, block.live.claimed});
    }
  }
  return lifetimes;
}

void LaunchTrace::TakeSnapshot() {
  // An in-place kernel returns its input's block: the first owner of a living block counts.
  std::unordered_set<const phi::Allocation*> seen;
  for (size_t i = 0; i < tracked_.size(); ++i) {
    const auto alive = tracked_[i].allocation.lock();
    if (alive != nullptr && seen.insert(alive.get()).second) snapshot_.push_back(i);
  }
}

void LaunchTrace::Claim(const uint64_t* addresses, size_t count) {
  std::lock_guard<std::mutex> lock(Guard());
  const std::unordered_set<uint64_t> wanted(addresses, addresses + count);
  for (auto& entry : tracked_) {
    if (wanted.count(entry.live.address) != 0 && !entry.allocation.expired()) {
      entry.live.claimed = 1;
    }
  }
}

std::vector<LiveAllocation> LaunchTrace::Snapshot() const {
  std::lock_guard<std::mutex> lock(Guard());
  std::vector<LiveAllocation> alive;
  for (size_t index : snapshot_) alive.push_back(tracked_[index].live);
  return alive;
}

std::string LaunchTrace::Json() const {
  std::lock_guard<std::mutex> lock(Guard());
  std::string text = "[";
  for (const auto& description : order_) {
    if (text.size() > 1) text += ',';
    text += '{' + description + ",\"count\":" + std::to_string(counts_.at(description)) + '}';
  }
  return text + ']';
}

}  // namespace virtual_gpu
