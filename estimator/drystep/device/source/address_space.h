// Which addresses of a range are free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace virtual_gpu {

class AddressSpace {
 public:
  // The highest address at which so many bytes are free; 0 where there is none.
  uintptr_t Take(size_t bytes);
  void Give(uintptr_t start, size_t bytes);
  // Whether all of a range is free; if so it is no longer among the free ones.
  bool Withdraw(uintptr_t start, size_t bytes);

 private:
  std::map<uintptr_t, size_t> free_;  // sizes by start; disjoint, and never adjacent
};

}  // namespace virtual_gpu
