// Preloaded into the child process. Tells which node of Paddle's backward graph is running: every
// node first applies its gradient hooks, and Paddle finds that function by its name, so this one
// comes before it.
#define _GNU_SOURCE
#include <dlfcn.h>

#define APPLY_GRADIENT_HOOKS                                        \
  "_ZN3egr12GradNodeBase18ApplyGradientHooksERKN6paddle12small_vec" \
  "torISt6vectorINS1_6TensorESaIS4_EELj15EEE"

// The address of the last egr::GradNodeBase that began to run; read by drystep/child/virtual.py.
void *vgpu_running_node = 0;

// egr::GradNodeBase::ApplyGradientHooks(grads): the result is built in place, `this` comes second.
typedef void *(*Apply)(void *result, void *node, const void *gradients);

void *apply_gradient_hooks(void *result, void *node, const void *gradients)
    __asm__(APPLY_GRADIENT_HOOKS);

void *apply_gradient_hooks(void *result, void *node, const void *gradients) {
  static Apply original = 0;
  if (original == 0) {
    // Python loads Paddle for itself alone, so the next one is to be asked of the caller's library.
    Dl_info caller;
    dladdr(__builtin_return_address(0), &caller);
    original = (Apply)dlsym(dlopen(caller.dli_fname, RTLD_LAZY | RTLD_NOLOAD), APPLY_GRADIENT_HOOKS);
  }
  vgpu_running_node = node;
  return original(result, node, gradients);
}
