// Collectives of the virtual GPU, whose process is one rank of many and runs alone.
//
// They return at once. Every other rank is taken to hold what this one holds, so small values come
// out as they would among equal ranks; large ones read as zeros, as everywhere on this device.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

struct C_DeviceInterface;

namespace virtual_gpu {

enum class CollectiveKind : int32_t {
  kAllReduce, kBroadcast, kReduce, kAllGather, kReduceScatter, kSend, kReceive, kAllToAll
};

// One collective as its caller asked for it. `bytes`: what this rank puts in (receive: takes out).
// `group` is Paddle's own number of the group, -1 where that is not known; `peer` is the other rank
// of a send or receive, the root of a broadcast or reduce, else -1. `launch`: how many kernels had
// been launched in the recording before it.
struct Collective {
  CollectiveKind kind;
  int32_t group;
  int32_t ranks;
  int32_t rank;
  int32_t peer;
  int32_t phase;
  int64_t launch;
  uint64_t bytes;
};

class CollectiveLog {
 public:
  static CollectiveLog& Instance();

  void Clear();
  void Add(const Collective& collective);
  std::vector<Collective> All() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Collective> collectives_;
};

// A small message to a rank of a group.
struct Letter {
  int32_t group;
  int32_t peer;
  std::string text;
};

// Small messages between ranks, such as the shapes that a pipeline stage tells the next one: what
// this rank sent is kept for the run of its peer, which expects it.
class Mail {
 public:
  static Mail& Instance();

  void Expect(std::vector<std::string> messages);
  void Sent(int32_t group, int32_t peer, const void* from, size_t bytes);
  // The next expected message if it is of this size; else what this rank sent last of that size,
  // as from an equal; else zeros.
  void Deliver(void* to, size_t bytes);
  std::vector<Letter> AllSent() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> expected_;
  std::vector<Letter> sent_;
};

void FillCollectiveApi(C_DeviceInterface* api);

}  // namespace virtual_gpu
