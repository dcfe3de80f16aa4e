// The contracts of attention kernels that never form the matrix of all scores.
#pragma once

#include <string>
#include <unordered_map>

#include "contracts.h"

namespace virtual_gpu {

const std::unordered_map<std::string, Contract>& AttentionContracts();

}  // namespace virtual_gpu
