// Shared by entry_points.S and the C++ that registers the entry points.
#pragma once

// Paddle 3.3.1 needs about 7,000: kernel names times data types.
#define VGPU_ENTRY_COUNT 12288
#define VGPU_ENTRY_BYTES 16

#ifndef __ASSEMBLER__
#include <cstdint>

namespace virtual_gpu {

// The argument registers of a call, without the leading DeviceContext.
struct Registers {
  static constexpr int kWords = 5;
  static constexpr int kFloats = 8;
  uintptr_t words[kWords];
  double floats[kFloats];
};

}  // namespace virtual_gpu

extern "C" char vgpu_variadic_entries[];
#endif
