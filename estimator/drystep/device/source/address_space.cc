#include "address_space.h"

#include <iterator>

namespace virtual_gpu {

uintptr_t AddressSpace::Take(size_t bytes) {
  for (auto hole = free_.rbegin(); hole != free_.rend(); ++hole) {
    const auto [start, size] = *hole;
    if (size < bytes) continue;
    if (size > bytes) {
      free_[start] = size - bytes;
    } else {
      free_.erase(start);
    }
    return start + size - bytes;
  }
  return 0;
}

void AddressSpace::Give(uintptr_t start, size_t bytes) {
  auto next = free_.lower_bound(start);
  if (next != free_.end() && next->first == start + bytes) {
    bytes += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == start) {
      before->second += bytes;
      return;
    }
  }
  free_[start] = bytes;
}

bool AddressSpace::Withdraw(uintptr_t start, size_t bytes) {
  auto hole = free_.upper_bound(start);
  if (hole == free_.begin()) return false;
  const auto [first, size] = *--hole;
  if (first + size < start + bytes) return false;
  free_.erase(hole);
  if (first < start) free_[first] = start - first;
  if (first + size > start + bytes) free_[start + bytes] = first + size - start - bytes;
  return true;
}

}  // namespace virtual_gpu
