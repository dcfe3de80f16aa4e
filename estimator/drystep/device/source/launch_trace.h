// What was launched and what is alive: the record of one training step.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel_call.h"

namespace virtual_gpu {

struct LiveAllocation {
  uint64_t address;
  uint64_t bytes;
  int32_t phase;
  int32_t claimed;  // 1: held a gradient when Claim was called
};

class LaunchTrace {
 public:
  static LaunchTrace& Instance();

  void SetPhase(int phase) { phase_ = phase; }

  // Starts a record, with snapshot_at >= 0 a second one of the same step: the allocations alive
  // right after that launch are noted, those made by kernels since the first record began.
  void Begin(int64_t snapshot_at);
  void End() { recording_ = false; }
  bool recording() const { return recording_; }

  // Called by the device after a launch has allocated its outputs and its scratch, and before
  // the scratch is freed.
  void OnLaunch(const KernelCall& call);

  int64_t peak_launch() const { return peak_launch_; }
  int32_t peak_phase() const { return peak_phase_; }

  // Marks what lives at these addresses now as gradients. An address alone does not tell: the
  // allocator hands it out again and again within a step.
  void Claim(const uint64_t* addresses, size_t count);
  std::vector<LiveAllocation> Snapshot() const;

  // One object per kind of launch: name, phase, in, out, attributes, count.
  std::string Json() const;

 private:
  struct Tracked {
    std::weak_ptr<phi::Allocation> allocation;
    LiveAllocation live;
  };

  void Track(const KernelCall& call);
  void TakeSnapshot();

  bool recording_ = false;
  int32_t phase_ = 0;
  int64_t launches_ = 0;
  int64_t snapshot_at_ = -1;
  int64_t peak_launch_ = -1;
  int64_t peak_allocated_ = 0;
  int32_t peak_phase_ = 0;
  std::vector<Tracked> tracked_;
  std::vector<size_t> snapshot_;  // indices into tracked_
  std::unordered_map<std::string, int64_t> counts_;  // by JSON text without the count
  std::vector<std::string> order_;
};

}  // namespace virtual_gpu
