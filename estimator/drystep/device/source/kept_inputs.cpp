// Preloaded into the child process. On a GPU the backward pass of a product does not keep a factor
// whose partner needs no gradient (multiply_fwd_func.cc in Paddle's eager API); for custom devices
// Paddle asks a list of its own, which does not have ours. Off until vgpu_keep_as_gpus is called, so
// that a step can be compared with the CPU, which keeps both factors.
#include <string>

static bool as_gpus = false;

extern "C" __attribute__((visibility("default"))) void vgpu_keep_as_gpus() { as_gpus = true; }

__attribute__((visibility("default"))) bool check_if_support_elementwise_mul_mem_opt(
    const std::string& device_type) {
  return as_gpus && !device_type.empty();
}
