// The device as Paddle sees it (C_DeviceInterface), and the controls that the dry step uses.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "collectives.h"
#include "device_memory.h"
#include "launch_trace.h"
#include "null_kernels.h"
#include "paddle/phi/backends/device_ext.h"

struct C_Stream_st {};
struct C_Event_st {};

namespace virtual_gpu {
namespace {

// Paddle's Python looks for "gpu" in device names and then asks for what a CPU build lacks.
constexpr const char* kDeviceType = "virtual_device";
constexpr size_t kAlignment = 256;  // as cudaMalloc and Paddle's GPU allocator

DeviceMemory& Memory() { return DeviceMemory::Instance(); }

C_Status Nothing() { return C_SUCCESS; }
C_Status OnDevice(const C_Device) { return C_SUCCESS; }
C_Status CurrentDevice(const C_Device device) {
  device->id = 0;
  return C_SUCCESS;
}

C_Status CreateStream(const C_Device, C_Stream* stream) {
  *stream = new C_Stream_st;
  return C_SUCCESS;
}
C_Status DestroyStream(const C_Device, C_Stream stream) {
  delete stream;
  return C_SUCCESS;
}
C_Status OnStream(const C_Device, C_Stream) { return C_SUCCESS; }
C_Status AddCallback(const C_Device device, C_Stream stream, C_Callback callback, void* data) {
  C_Status status = C_SUCCESS;
  callback(device, stream, data, &status);
  return status;
}
C_Status CreateEvent(const C_Device, C_Event* event) {
  *event = new C_Event_st;
  return C_SUCCESS;
}
C_Status DestroyEvent(const C_Device, C_Event event) {
  delete event;
  return C_SUCCESS;
}
C_Status OnEvent(const C_Device, C_Event) { return C_SUCCESS; }
C_Status OnStreamAndEvent(const C_Device, C_Stream, C_Event) { return C_SUCCESS; }

// A null pointer, not a failure: Paddle then frees its idle chunks, tries again, and raises its
// own out-of-memory error, as it does on a card.
C_Status Allocate(const C_Device, void** address, size_t bytes) {
  *address = Memory().Allocate(bytes);
  return C_SUCCESS;
}
C_Status Free(const C_Device, void* address, size_t bytes) {
  Memory().Free(address, bytes);
  return C_SUCCESS;
}
C_Status AllocateOnHost(const C_Device, void** address, size_t bytes) {
  *address = std::malloc(bytes);
  return *address != nullptr ? C_SUCCESS : C_FAILED;
}
C_Status FreeOnHost(const C_Device, void* address, size_t) {
  std::free(address);
  return C_SUCCESS;
}
C_Status Fill(const C_Device, void* address, unsigned char value, size_t bytes) {
  Memory().Fill(address, value, bytes);
  return C_SUCCESS;
}

C_Status CopyIn(const C_Device, void* to, const void* from, size_t bytes) {
  Memory().CopyIn(to, from, bytes);
  return C_SUCCESS;
}
C_Status CopyOut(const C_Device, void* to, const void* from, size_t bytes) {
  Memory().CopyOut(to, from, bytes);
  return C_SUCCESS;
}
C_Status CopyWithin(const C_Device, void* to, const void* from, size_t bytes) {
  Memory().CopyWithin(to, from, bytes);
  return C_SUCCESS;
}
C_Status CopyInAsync(const C_Device, C_Stream, void* to, const void* from, size_t bytes) {
  Memory().CopyIn(to, from, bytes);
  return C_SUCCESS;
}
C_Status CopyOutAsync(const C_Device, C_Stream, void* to, const void* from, size_t bytes) {
  Memory().CopyOut(to, from, bytes);
  return C_SUCCESS;
}
C_Status CopyWithinAsync(const C_Device, C_Stream, void* to, const void* from, size_t bytes) {
  Memory().CopyWithin(to, from, bytes);
  return C_SUCCESS;
}

C_Status DeviceCount(size_t* count) {
  *count = 1;
  return C_SUCCESS;
}
C_Status DeviceList(size_t* devices) {
  devices[0] = 0;
  return C_SUCCESS;
}
C_Status MemoryStats(const C_Device, size_t* total, size_t* free) {
  *total = Memory().Capacity();
  const size_t used = Memory().Used();
  *free = *total > used ? *total - used : 0;
  return C_SUCCESS;
}
C_Status ChunkAlignment(const C_Device, size_t* bytes) {
  *bytes = kAlignment;
  return C_SUCCESS;
}
C_Status WholeCapacity(const C_Device, size_t* bytes) {
  *bytes = Memory().Capacity();
  return C_SUCCESS;
}
C_Status NoPadding(const C_Device, size_t* bytes) {
  *bytes = 0;
  return C_SUCCESS;
}
C_Status ComputeCapability(const C_Device, size_t* capability) {
  *capability = 80;
  return C_SUCCESS;
}
C_Status Version(const C_Device, size_t* version) {
  *version = 12060;
  return C_SUCCESS;
}
C_Status Supported(const C_Device, bool* supported) {
  *supported = true;
  return C_SUCCESS;
}

void FillDeviceApi(C_DeviceInterface* api) {
  api->initialize = Nothing;
  api->finalize = Nothing;
  api->init_device = OnDevice;
  api->set_device = OnDevice;
  api->get_device = CurrentDevice;
  api->deinit_device = OnDevice;
  api->synchronize_device = OnDevice;
  api->create_stream = CreateStream;
  api->destroy_stream = DestroyStream;
  api->query_stream = OnStream;
  api->synchronize_stream = OnStream;
  api->stream_add_callback = AddCallback;
  api->create_event = CreateEvent;
  api->destroy_event = DestroyEvent;
  api->query_event = OnEvent;
  api->synchronize_event = OnEvent;
  api->record_event = OnStreamAndEvent;
  api->stream_wait_event = OnStreamAndEvent;
}

void FillMemoryApi(C_DeviceInterface* api) {
  api->device_memory_allocate = Allocate;
  api->device_memory_deallocate = Free;
  api->device_memory_set = Fill;
  api->host_memory_allocate = AllocateOnHost;
  api->host_memory_deallocate = FreeOnHost;
  api->memory_copy_h2d = CopyIn;
  api->memory_copy_d2h = CopyOut;
  api->memory_copy_d2d = CopyWithin;
  api->async_memory_copy_h2d = CopyInAsync;
  api->async_memory_copy_d2h = CopyOutAsync;
  api->async_memory_copy_d2d = CopyWithinAsync;
}

void FillInfoApi(C_DeviceInterface* api) {
  api->get_device_count = DeviceCount;
  api->get_device_list = DeviceList;
  api->device_memory_stats = MemoryStats;
  api->device_min_chunk_size = ChunkAlignment;
  api->device_max_chunk_size = WholeCapacity;
  api->device_max_alloc_size = WholeCapacity;
  api->device_init_alloc_size = WholeCapacity;
  api->device_realloc_size = WholeCapacity;
  api->device_extra_padding_size = NoPadding;
  api->get_compute_capability = ComputeCapability;
  api->get_runtime_version = Version;
  api->get_driver_version = Version;
  api->is_float16_supported = Supported;
  api->is_bfloat16_supported = Supported;
}

}  // namespace
}  // namespace virtual_gpu

// Paddle calls this when it loads the library from CUSTOM_DEVICE_ROOT.
extern "C" void InitPlugin(CustomRuntimeParams* params) {
  PADDLE_CUSTOM_RUNTIME_CHECK_VERSION(params);
  params->device_type = const_cast<char*>(virtual_gpu::kDeviceType);
  params->sub_device_type = const_cast<char*>("1");
  std::memset(params->interface, 0, sizeof(C_DeviceInterface));
  params->interface->size = sizeof(C_DeviceInterface);
  virtual_gpu::FillDeviceApi(params->interface);
  virtual_gpu::FillMemoryApi(params->interface);
  virtual_gpu::FillInfoApi(params->interface);
  virtual_gpu::FillCollectiveApi(params->interface);
  virtual_gpu::RegisterNullKernels(virtual_gpu::kDeviceType);
}

// The controls, called through ctypes by drystep/child/virtual.py.
extern "C" {
using virtual_gpu::CollectiveLog;
using virtual_gpu::DeviceMemory;
using virtual_gpu::LaunchTrace;
using virtual_gpu::Mail;

void vgpu_set_capacity(uint64_t bytes) { DeviceMemory::Instance().SetCapacity(bytes); }
uint64_t vgpu_peak_used() { return DeviceMemory::Instance().Peak(); }
void vgpu_restart_peak_used() { DeviceMemory::Instance().RestartPeak(); }
void vgpu_set_workspace_limit(uint64_t bytes) { virtual_gpu::SetWorkspaceLimit(bytes); }
void vgpu_set_phase(int32_t phase) { LaunchTrace::Instance().SetPhase(phase); }
void vgpu_trace_begin(int64_t snapshot_at) { LaunchTrace::Instance().Begin(snapshot_at); }
void vgpu_trace_end() { LaunchTrace::Instance().End(); }
int64_t vgpu_peak_launch() { return LaunchTrace::Instance().peak_launch(); }
int32_t vgpu_peak_phase() { return LaunchTrace::Instance().peak_phase(); }
void vgpu_claim(const uint64_t* addresses, uint64_t count) {
  LaunchTrace::Instance().Claim(addresses, count);
}
// Writes at most `room` allocations to `to` and returns how many there are.
uint64_t vgpu_snapshot(virtual_gpu::LiveAllocation* to, uint64_t room) {
  const auto snapshot = LaunchTrace::Instance().Snapshot();
  std::copy_n(snapshot.begin(), std::min<uint64_t>(room, snapshot.size()), to);
  return snapshot.size();
}

// Called with the kernel's name at the launch that a snapshot is of; nullptr: nobody is.
void vgpu_on_snapshot(LaunchTrace::OnSnapshot listener) {
  LaunchTrace::Instance().SetOnSnapshot(listener);
}
void vgpu_follow(int32_t follow) { LaunchTrace::Instance().SetFollow(follow != 0); }
// As vgpu_snapshot, of a followed record.
uint64_t vgpu_lifetimes(virtual_gpu::Lifetime* to, uint64_t room) {
  const auto lifetimes = LaunchTrace::Instance().Lifetimes();
  std::copy_n(lifetimes.begin(), std::min<uint64_t>(room, lifetimes.size()), to);
  return lifetimes.size();
}
uint64_t vgpu_launch_points(virtual_gpu::LaunchPoint* to, uint64_t room) {
  const auto& points = LaunchTrace::Instance().points();
  std::copy_n(points.begin(), std::min<uint64_t>(room, points.size()), to);
  return points.size();
}

// As vgpu_snapshot, of the collectives since the last vgpu_clear_collectives.
uint64_t vgpu_collectives(virtual_gpu::Collective* to, uint64_t room) {
  const auto all = CollectiveLog::Instance().All();
  std::copy_n(all.begin(), std::min<uint64_t>(room, all.size()), to);
  return all.size();
}
void vgpu_clear_collectives() { CollectiveLog::Instance().Clear(); }

// `bytes` holds messages one after the other, `sizes` their lengths: what peers have sent.
void vgpu_expect_mail(const char* bytes, const uint64_t* sizes, uint64_t count) {
  std::vector<std::string> messages;
  for (uint64_t i = 0; i < count; bytes += sizes[i++]) messages.emplace_back(bytes, sizes[i]);
  Mail::Instance().Expect(std::move(messages));
}
// Calls `take` with each small message that this rank has sent, in order: the group's number, the
// peer's place in it, and the message.
void vgpu_sent_mail(void (*take)(int32_t group, int32_t peer, const char* bytes, uint64_t size)) {
  for (const auto& letter : Mail::Instance().AllSent()) {
    take(letter.group, letter.peer, letter.text.data(), letter.text.size());
  }
}

// JSON text of the record; the caller frees it with vgpu_free.
char* vgpu_trace_json() { return strdup(LaunchTrace::Instance().Json().c_str()); }
void vgpu_free(char* text) { std::free(text); }
}
