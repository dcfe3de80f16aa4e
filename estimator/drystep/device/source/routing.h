// Which experts of a mixture tokens go to, where the scores of the experts were not computed.
#pragma once

#include "kernel_call.h"

namespace virtual_gpu {

// The largest of scores that nobody computed, among as few as there are experts: each in turn. Zeros
// would send every token to the first expert, and all of them to the first rank where experts are
// on several. Returns false where the call is another one.
bool RouteEvenly(const KernelCall& call);

}  // namespace virtual_gpu
