#include "device_memory.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace virtual_gpu {
namespace {

// Batches of images above this size are not copied: nothing that decides a shape is so large,
// and every copied byte is a resident one.
constexpr size_t kLargestRealCopy = size_t{16} << 20;

// Far more than the largest capacity that is asked for. Not even a page table stands for what is not
// used of it.
constexpr size_t kAddressSpace = size_t{1} << 44;
constexpr size_t kLeastAddressSpace = size_t{1} << 36;

constexpr int kReserve = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// Physical memory is given in pages of 2 MiB (the least that cuMemGetAllocationGranularity says on
// every card so far). Allocations below half of one share pages, in pieces of 512 bytes.
constexpr size_t kPage = size_t{2} << 20;
constexpr size_t kLeastOwnPages = size_t{1} << 20;
constexpr size_t kPiece = 512;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Device memory must not count against the limit that guards the host against the user's code
// (RLIMIT_DATA), so the soft limit moves with what is mapped here.
void MoveDataLimit(size_t bytes, bool up) {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  limit.rlim_cur = up ? limit.rlim_cur + bytes : limit.rlim_cur - bytes;
  if (limit.rlim_max != RLIM_INFINITY) limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  setrlimit(RLIMIT_DATA, &limit);
}

uintptr_t Address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

void ZeroPhysically(uintptr_t start, uintptr_t end) {
  static const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t first = (start + page - 1) / page * page;
  const uintptr_t last = end / page * page;
  if (first >= last) {
    std::memset(reinterpret_cast<void*>(start), 0, end - start);
    return;
  }
  std::memset(reinterpret_cast<void*>(start), 0, first - start);
  madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  std::memset(reinterpret_cast<void*>(last), 0, end - last);
}

}  // namespace

DeviceMemory& DeviceMemory::Instance() {
  static DeviceMemory* memory = new DeviceMemory;  // outlives every tensor
  return *memory;
}

void DeviceMemory::SetCapacity(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  capacity_ = bytes;
}

size_t DeviceMemory::Capacity() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return capacity_;
}

size_t DeviceMemory::Used() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

void DeviceMemory::Reserve() {
  reserved_ = true;
  // A process may be forbidden so much address space.
  for (size_t bytes = kAddressSpace; bytes >= kLeastAddressSpace; bytes /= 2) {
    void* start = mmap(nullptr, bytes, PROT_NONE, kReserve, -1, 0);
    if (start == MAP_FAILED) continue;
    const uintptr_t first = RoundUp(Address(start), kPage);
    pages_.Give(first, (Address(start) + bytes - first) / kPage * kPage);
    return;
  }
}

uintptr_t DeviceMemory::TakePages(size_t bytes) {
  if (used_ + bytes > capacity_) return 0;
  if (!reserved_) Reserve();
  const uintptr_t start = pages_.Take(bytes);
  if (start == 0) return 0;
  MoveDataLimit(bytes, true);
  if (mmap(reinterpret_cast<void*>(start), bytes, PROT_READ | PROT_WRITE, kReserve | MAP_FIXED, -1,
           0) == MAP_FAILED) {
    MoveDataLimit(bytes, false);
    pages_.Give(start, bytes);
    return 0;
  }
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return start;
}

void DeviceMemory::GivePages(uintptr_t start, size_t bytes) {
  mmap(reinterpret_cast<void*>(start), bytes, PROT_NONE, kReserve | MAP_FIXED, -1, 0);
  MoveDataLimit(bytes, false);
  pages_.Give(start, bytes);
  used_ -= bytes;
}

void* DeviceMemory::Allocate(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (bytes >= kLeastOwnPages) {
    return reinterpret_cast<void*>(TakePages(RoundUp(bytes, kPage)));
  }
  const size_t piece = RoundUp(std::max(bytes, size_t{1}), kPiece);
  uintptr_t start = pieces_.Take(piece);
  if (start == 0) {
    const uintptr_t page = TakePages(kPage);
    if (page == 0) return nullptr;
    pieces_.Give(page, kPage);
    start = pieces_.Take(piece);
  }
  return reinterpret_cast<void*>(start);
}

void DeviceMemory::Free(void* address, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uintptr_t start = Address(address);
  if (bytes >= kLeastOwnPages) {
    Remove(start, start + bytes, false);
    GivePages(start, RoundUp(bytes, kPage));
    return;
  }
  const size_t piece = RoundUp(std::max(bytes, size_t{1}), kPiece);
  Remove(start, start + bytes, true);
  pieces_.Give(start, piece);
  const uintptr_t page = start / kPage * kPage;
  if (pieces_.Withdraw(page, kPage)) GivePages(page, kPage);
}

size_t DeviceMemory::Peak() {
  std::lock_guard<std::mutex> lock(mutex_);
  return peak_;
}

void DeviceMemory::RestartPeak() {
  std::lock_guard<std::mutex> lock(mutex_);
  peak_ = used_;
}

void DeviceMemory::CopyIn(void* device, const void* host, size_t bytes) {
  if (bytes > kLargestRealCopy) {
    Clear(device, bytes);
    return;
  }
  std::memcpy(device, host, bytes);
  MarkWritten(device, bytes, true);
}

void DeviceMemory::CopyOut(void* host, const void* device, size_t bytes) {
  bool written;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const uintptr_t start = Address(device);
    written = FirstOverlap(start, start + bytes) != written_.end();
  }
  // Reading pages that were never written would map them one by one for nothing.
  if (written) {
    std::memcpy(host, device, bytes);
  } else {
    std::memset(host, 0, bytes);
  }
}

void DeviceMemory::CopyWithin(void* to, const void* from, size_t bytes) {
  if (bytes > kLargestRealCopy || !IsAuthentic(from, bytes)) {
    Clear(to, bytes);
    return;
  }
  std::memmove(to, from, bytes);
  MarkWritten(to, bytes, true);
}

void DeviceMemory::Fill(void* device, unsigned char value, size_t bytes) {
  Clear(device, bytes);
  if (bytes > kLargestRealCopy) return;
  if (value != 0) std::memset(device, value, bytes);
  MarkWritten(device, bytes, true);
}

void DeviceMemory::MarkWritten(const void* address, size_t bytes, bool authentic) {
  if (bytes == 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  Insert(Address(address), Address(address) + bytes, authentic);
}

void DeviceMemory::MarkChanged(const void* address, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uintptr_t start = Address(address), end = start + bytes;
  std::vector<std::pair<uintptr_t, uintptr_t>> written;
  for (auto range = FirstOverlap(start, end); range != written_.end() && range->first < end;
       ++range) {
    if (!range->second.authentic) continue;
    written.emplace_back(std::max(range->first, start), std::min(range->second.end, end));
  }
  for (const auto& [first, last] : written) Insert(first, last, false);
}

bool DeviceMemory::IsAuthentic(const void* address, size_t bytes) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return Covered(Address(address), Address(address) + bytes);
}

void DeviceMemory::Clear(void* address, size_t bytes) {
  if (bytes == 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  Remove(Address(address), Address(address) + bytes, true);
}

DeviceMemory::Ranges::iterator DeviceMemory::FirstOverlap(uintptr_t start, uintptr_t end) {
  auto range = written_.upper_bound(start);
  if (range != written_.begin() && std::prev(range)->second.end > start) --range;
  return range != written_.end() && range->first < end ? range : written_.end();
}

void DeviceMemory::Remove(uintptr_t start, uintptr_t end, bool zero) {
  for (auto range = FirstOverlap(start, end); range != written_.end() && range->first < end;) {
    const uintptr_t range_start = range->first;
    const Range old = range->second;
    range = written_.erase(range);
    if (range_start < start) written_[range_start] = Range{start, old.authentic};
    if (old.end > end) written_[end] = Range{old.end, old.authentic};
    if (zero) ZeroPhysically(std::max(range_start, start), std::min(old.end, end));
  }
}

void DeviceMemory::Insert(uintptr_t start, uintptr_t end, bool authentic) {
  Remove(start, end, false);
  written_[start] = Range{end, authentic};
}

bool DeviceMemory::Covered(uintptr_t start, uintptr_t end) const {
  while (start < end) {
    auto range = written_.upper_bound(start);
    if (range == written_.begin()) return false;
    --range;
    if (range->second.end <= start || !range->second.authentic) return false;
    start = range->second.end;
  }
  return true;
}

}  // namespace virtual_gpu
