#include "collectives.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "device_memory.h"
#include "launch_trace.h"
#include "paddle/phi/backends/device_ext.h"

struct C_CCLComm_st {
  int32_t group;
  int32_t ranks;
  int32_t rank;
};

namespace virtual_gpu {
namespace {

// Values up to this size are carried over; larger ones decide no shape and no control flow.
constexpr size_t kSmallBytes = size_t{64} << 10;

size_t ElementBytes(C_DataType type) {
  switch (type) {
    case UINT8: case INT8: case BOOL:
      return 1;
    case UINT16: case INT16: case FLOAT16: case BFLOAT16:
      return 2;
    case UINT32: case INT32: case FLOAT32:
      return 4;
    default:
      return 8;
  }
}

bool IsReal(const void* from, size_t bytes) {
  return bytes <= kSmallBytes && DeviceMemory::Instance().IsAuthentic(from, bytes);
}

// Beyond that size `to` reads as zeros.
void CarryOver(void* to, const void* from, size_t bytes) {
  if (bytes > kSmallBytes) {
    DeviceMemory::Instance().Clear(to, bytes);
  } else {
    DeviceMemory::Instance().CopyWithin(to, from, bytes);
  }
}

void Note(CollectiveKind kind, C_CCLComm comm, int32_t peer, size_t bytes) {
  auto& trace = LaunchTrace::Instance();
  if (!trace.recording()) return;
  CollectiveLog::Instance().Add(Collective{kind, comm->group, comm->ranks, comm->rank, peer,
                                           trace.phase(), trace.launches(), bytes});
}

// Sums over equal ranks, where the values decide something: counts, flags of found infinities.
template <typename T>
void Scale(void* values, size_t count, T factor) {
  auto* typed = static_cast<T*>(values);
  for (size_t i = 0; i < count; ++i) typed[i] = static_cast<T>(typed[i] * factor);
}

void AddUp(void* values, size_t count, C_DataType type, int32_t ranks) {
  switch (type) {
    case INT32:
      return Scale<int32_t>(values, count, ranks);
    case INT64:
      return Scale<int64_t>(values, count, ranks);
    case FLOAT32:
      return Scale<float>(values, count, static_cast<float>(ranks));
    case FLOAT64:
      return Scale<double>(values, count, ranks);
    default:
      return;  // half precision and bytes: no program decides by their sum
  }
}

// `to` gets what `from` holds; summed over `comm` where `op` is a sum.
void Reduce(const void* from, void* to, size_t count, C_DataType type, C_CCLReduceOp op,
            C_CCLComm comm) {
  const size_t bytes = count * ElementBytes(type);
  const bool real = IsReal(from, bytes);
  if (to != from) CarryOver(to, from, bytes);
  if (real && op == SUM) AddUp(to, count, type, comm->ranks);
}

C_Status CommunicatorName(C_CCLComm comm, char* name) {
  std::strcpy(name, std::to_string(comm->group).c_str());
  return C_SUCCESS;
}
C_Status UniqueIdSize(size_t* bytes) {
  *bytes = sizeof(uint64_t);
  return C_SUCCESS;
}
C_Status UniqueId(C_CCLRootId* id) {
  std::memset(id->data, 0, sizeof(uint64_t));
  return C_SUCCESS;
}
// Paddle tells a communicator's id by its store, under a key that ends in `/` and the number of the
// group; the store (lonely_store.cpp) has just been asked for it.
int32_t GroupAskedFor() {
  using LastKey = void (*)(char*, size_t);
  static const auto last_key = reinterpret_cast<LastKey>(dlsym(RTLD_DEFAULT, "vgpu_last_store_key"));
  char key[256] = "";
  if (last_key != nullptr) last_key(key, sizeof(key));
  const char* number = std::strrchr(key, '/');
  return number == nullptr ? -1 : std::atoi(number + 1);
}
C_Status InitRank(size_t ranks, C_CCLRootId*, size_t rank, C_CCLComm* comm) {
  *comm =
      new C_CCLComm_st{GroupAskedFor(), static_cast<int32_t>(ranks), static_cast<int32_t>(rank)};
  return C_SUCCESS;
}
C_Status DestroyCommunicator(C_CCLComm comm) {
  delete comm;
  return C_SUCCESS;
}
C_Status GroupEdge() { return C_SUCCESS; }

C_Status AllReduce(void* from, void* to, size_t count, C_DataType type, C_CCLReduceOp op,
                   C_CCLComm comm, C_Stream) {
  Note(CollectiveKind::kAllReduce, comm, -1, count * ElementBytes(type));
  Reduce(from, to, count, type, op, comm);
  return C_SUCCESS;
}

C_Status Broadcast(void*, size_t count, C_DataType type, size_t root, C_CCLComm comm, C_Stream) {
  Note(CollectiveKind::kBroadcast, comm, root, count * ElementBytes(type));
  return C_SUCCESS;  // the root holds what this rank holds
}

C_Status ReduceToRoot(void* from, void* to, size_t count, C_DataType type, C_CCLReduceOp op,
                      size_t root, C_CCLComm comm, C_Stream) {
  Note(CollectiveKind::kReduce, comm, root, count * ElementBytes(type));
  if (static_cast<size_t>(comm->rank) == root) Reduce(from, to, count, type, op, comm);
  return C_SUCCESS;
}

C_Status AllGather(void* from, void* to, size_t count, C_DataType type, C_CCLComm comm, C_Stream) {
  const size_t bytes = count * ElementBytes(type);
  Note(CollectiveKind::kAllGather, comm, -1, bytes);
  for (int32_t rank = 0; rank < comm->ranks; ++rank) {
    char* slot = static_cast<char*>(to) + rank * bytes;
    if (slot != from) CarryOver(slot, from, bytes);
  }
  return C_SUCCESS;
}

C_Status ReduceScatter(void* from, void* to, size_t count, C_DataType type, C_CCLReduceOp op,
                       C_CCLComm comm, C_Stream) {
  const size_t bytes = count * ElementBytes(type);
  Note(CollectiveKind::kReduceScatter, comm, -1, bytes * comm->ranks);
  Reduce(static_cast<const char*>(from) + comm->rank * bytes, to, count, type, op, comm);
  return C_SUCCESS;
}

C_Status Send(void* from, size_t count, C_DataType type, size_t peer, C_CCLComm comm, C_Stream) {
  const size_t bytes = count * ElementBytes(type);
  Note(CollectiveKind::kSend, comm, peer, bytes);
  if (IsReal(from, bytes)) Mail::Instance().Sent(comm->group, peer, from, bytes);
  return C_SUCCESS;
}

C_Status Receive(void* to, size_t count, C_DataType type, size_t peer, C_CCLComm comm, C_Stream) {
  const size_t bytes = count * ElementBytes(type);
  Note(CollectiveKind::kReceive, comm, peer, bytes);
  Mail::Instance().Deliver(to, bytes);
  return C_SUCCESS;
}

C_Status AllToAll(const void** from, const size_t* sent, const C_DataType* sent_types, void** to,
                  const size_t* received, const C_DataType* received_types, size_t, size_t ranks,
                  C_CCLComm comm, C_Stream) {
  size_t bytes = 0;
  for (size_t rank = 0; rank < ranks; ++rank) {
    bytes += sent[rank] * ElementBytes(sent_types[rank]);
    // Every other rank sends what this one sends to itself.
    const size_t taken = std::min(sent[comm->rank] * ElementBytes(sent_types[comm->rank]),
                                  received[rank] * ElementBytes(received_types[rank]));
    if (to[rank] != from[comm->rank]) CarryOver(to[rank], from[comm->rank], taken);
  }
  Note(CollectiveKind::kAllToAll, comm, -1, bytes);
  return C_SUCCESS;
}

}  // namespace

CollectiveLog& CollectiveLog::Instance() {
  static CollectiveLog* log = new CollectiveLog;
  return *log;
}

void CollectiveLog::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  collectives_.clear();
}

void CollectiveLog::Add(const Collective& collective) {
  std::lock_guard<std::mutex> lock(mutex_);
  collectives_.push_back(collective);
}

std::vector<Collective> CollectiveLog::All() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return collectives_;
}

Mail& Mail::Instance() {
  static Mail* mail = new Mail;
  return *mail;
}

void Mail::Expect(std::vector<std::string> messages) {
  std::lock_guard<std::mutex> lock(mutex_);
  expected_ = std::deque<std::string>(messages.begin(), messages.end());
}

void Mail::Sent(int32_t group, int32_t peer, const void* from, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  sent_.push_back(Letter{group, peer, std::string(static_cast<const char*>(from), bytes)});
}

void Mail::Deliver(void* to, size_t bytes) {
  std::string message;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!expected_.empty() && expected_.front().size() == bytes) {
      message = std::move(expected_.front());
      expected_.pop_front();
    } else {
      const auto alike = std::find_if(sent_.rbegin(), sent_.rend(), [bytes](const Letter& one) {
        return one.text.size() == bytes;
      });
      if (alike != sent_.rend()) message = alike->text;
    }
  }
  if (message.empty()) {
    DeviceMemory::Instance().Clear(to, bytes);
  } else {
    DeviceMemory::Instance().CopyIn(to, message.data(), bytes);
  }
}

std::vector<Letter> Mail::AllSent() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return sent_;
}

void FillCollectiveApi(C_DeviceInterface* api) {
  api->xccl_get_comm_name = CommunicatorName;
  api->xccl_get_unique_id_size = UniqueIdSize;
  api->xccl_get_unique_id = UniqueId;
  api->xccl_comm_init_rank = InitRank;
  api->xccl_destroy_comm = DestroyCommunicator;
  api->xccl_group_start = GroupEdge;
  api->xccl_group_end = GroupEdge;
  api->xccl_all_reduce = AllReduce;
  api->xccl_broadcast = Broadcast;
  api->xccl_reduce = ReduceToRoot;
  api->xccl_all_gather = AllGather;
  api->xccl_reduce_scatter = ReduceScatter;
  api->xccl_send = Send;
  api->xccl_recv = Receive;
  api->xccl_all_to_all = AllToAll;
}

}  // namespace virtual_gpu
