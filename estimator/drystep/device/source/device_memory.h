// The memory of the virtual GPU: address space that is reserved but, as long as nobody writes
// real values, never backed by pages.
//
// Three promises are kept here.
//  - Capacity: Allocate fails exactly where a card of this size would have no memory left.
//  - Addresses: the highest free ones are given, as Linux does where CUDA's driver maps memory, and
//    never depend on what else the process has mapped. Paddle's allocator takes the first of equally
//    large blocks, so that what it reserves depends on their order (a published GPT-1.3B with
//    recompute: 2 % above the figure in this order, 9 % in the other).
//  - Contents: bytes that no one really wrote read as zero. A kernel that only pretends to run
//    calls Clear on its outputs, so a reused block never shows the bits of its last owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "address_space.h"

namespace virtual_gpu {

class DeviceMemory {
 public:
  static DeviceMemory& Instance();

  void SetCapacity(size_t bytes);
  size_t Capacity() const;
  // Bytes of all pages that allocations are in, now and at most since RestartPeak.
  size_t Used() const;
  size_t Peak();
  void RestartPeak();

  // Returns nullptr where the capacity is spent or the address space is refused.
  void* Allocate(size_t bytes);
  void Free(void* address, size_t bytes);

  // Host to device. Larger copies are not carried out: the destination reads as zeros.
  void CopyIn(void* device, const void* host, size_t bytes);
  void CopyOut(void* host, const void* device, size_t bytes);
  void CopyWithin(void* to, const void* from, size_t bytes);
  void Fill(void* device, unsigned char value, size_t bytes);

  // Says that [address, address + bytes) holds computed values. They are authentic when they
  // are what a real device would hold, and not derived from a null kernel's zeros.
  void MarkWritten(const void* address, size_t bytes, bool authentic);
  // Says that a kernel which did not run would have changed what is there: the values stay, but
  // they are no longer what a real device would hold.
  void MarkChanged(const void* address, size_t bytes);
  bool IsAuthentic(const void* address, size_t bytes) const;
  // Makes [address, address + bytes) read as zero.
  void Clear(void* address, size_t bytes);

 private:
  struct Range {
    uintptr_t end;
    bool authentic;
  };
  using Ranges = std::map<uintptr_t, Range>;  // disjoint, by start

  // Cuts [start, end) out of the written ranges; with `zero` also out of physical memory.
  void Remove(uintptr_t start, uintptr_t end, bool zero);
  void Insert(uintptr_t start, uintptr_t end, bool authentic);
  Ranges::iterator FirstOverlap(uintptr_t start, uintptr_t end);
  bool Covered(uintptr_t start, uintptr_t end) const;

  // Sets address space apart, at the first allocation.
  void Reserve();
  // Address of so many bytes of whole pages; 0 where the capacity or the address space is spent.
  uintptr_t TakePages(size_t bytes);
  void GivePages(uintptr_t start, size_t bytes);

  mutable std::mutex mutex_;
  AddressSpace pages_;   // that no allocation is in
  AddressSpace pieces_;  // of pages that small allocations share
  bool reserved_ = false;
  size_t capacity_ = size_t{80} << 30;
  size_t used_ = 0;
  size_t peak_ = 0;
  Ranges written_;
};

}  // namespace virtual_gpu
