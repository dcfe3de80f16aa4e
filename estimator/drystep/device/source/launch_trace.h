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

// A block that a kernel made in the followed record: live at the launches born <= n < died. One
// from before the record has born -1, one that outlives it the number of launches as died.
struct Lifetime {
  uint64_t address;
  uint64_t bytes;
  int64_t born;
  int64_t died;
  int32_t phase;
  int32_t claimed;
};

struct LaunchPoint {
  int64_t allocated;  // bytes right after the launch
  int64_t phase;
};

class LaunchTrace {
 public:
  // Hears the kernel's name at the launch that the snapshot is of, on the launching thread.
  using OnSnapshot = void (*)(const char* kernel);

  static LaunchTrace& Instance();

  void SetPhase(int phase) { phase_ = phase; }
  void SetOnSnapshot(OnSnapshot listener) { on_snapshot_ = listener; }
  // Whether records that begin from now on note every launch and the lives of blocks.
  void SetFollow(bool follow) { follow_ = follow; }

  // Starts a record, with snapshot_at >= 0 a second one of the same step: the allocations alive
  // right after that launch are noted, those made by kernels since the first record began.
  void Begin(int64_t snapshot_at);
  void End() { recording_ = false; }
  bool recording() const { return recording_; }
  int32_t phase() const { return phase_; }
  int64_t launches() const { return launches_; }

  // Called by the device after a launch has allocated its outputs and its scratch, and before
  // the scratch is freed.
  void OnLaunch(const KernelCall& call);

  int64_t peak_launch() const { return peak_launch_; }
  int32_t peak_phase() const { return peak_phase_; }

  // Marks what lives at these addresses now as gradients. An address alone does not tell: the
  // allocator hands it out again and again within a step.
  void Claim(const uint64_t* addresses, size_t count);
  std::vector<LiveAllocation> Snapshot() const;
  std::vector<Lifetime> Lifetimes() const;
  const std::vector<LaunchPoint>& points() const { return points_; }

  // One object per kind of launch: name, phase, in, out, attributes, count.
  std::string Json() const;

 private:
  struct Tracked {
    std::weak_ptr<phi::Allocation> allocation;
    LiveAllocation live;
    int64_t born;
    int64_t died;
  };

  void Track(const KernelCall& call);
  void TakeSnapshot();
  // Returns whether the snapshot was of this launch.
  bool Note(const KernelCall& call);
  void NoteDeaths();

  OnSnapshot on_snapshot_ = nullptr;
  bool follow_ = false;
  bool recording_ = false;
  int32_t phase_ = 0;
  int64_t launches_ = 0;
  int64_t snapshot_at_ = -1;
  int64_t peak_launch_ = -1;
  int64_t peak_allocated_ = 0;
  int32_t peak_phase_ = 0;
  std::vector<Tracked> tracked_;
  std::vector<size_t> snapshot_;  // indices into tracked_
  // Of a followed record, the first owner of each living block: an index into tracked_.
  std::unordered_map<const phi::Allocation*, size_t> alive_;
  std::vector<LaunchPoint> points_;
  std::unordered_map<std::string, int64_t> counts_;  // by JSON text without the count
  std::vector<std::string> order_;
};

}  // namespace virtual_gpu
