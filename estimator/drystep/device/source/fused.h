// The contracts of fused kernels and of optimizers.
#pragma once

#include <string>
#include <unordered_map>

#include "contracts.h"

namespace virtual_gpu {

const std::unordered_map<std::string, Contract>& FusedContracts();

}  // namespace virtual_gpu
