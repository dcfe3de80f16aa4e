// Preloaded into the child process. Paddle wraps a custom device's stream anew for every copy to the
// device, and each wrapper begins a thread for callbacks and waits for its end. Streams of the
// virtual GPU are never behind, so a callback is called at once and no thread is needed: the scalars
// of a position table alone cost a seventh of a step.
#include <functional>
#include <future>
#include <memory>
#include <mutex>

class ThreadPool;

namespace phi {
namespace stream {
class Stream;
}  // namespace stream

// Paddle's class with its data (phi/backends/callback_manager.h): its inline destructor reads them.
class __attribute__((visibility("default"))) CallbackManager {
 public:
  explicit CallbackManager(stream::Stream* stream);
  void AddCallback(std::function<void()> callback) const;
  void Wait() const;

 private:
  stream::Stream* stream_;
  mutable std::shared_ptr<::ThreadPool> thread_pool_;
  mutable std::mutex mutex_;
  mutable std::future<void> last_future_;
};

CallbackManager::CallbackManager(stream::Stream* stream) : stream_(stream) { (void)stream_; }

void CallbackManager::AddCallback(std::function<void()> callback) const { callback(); }

void CallbackManager::Wait() const {}

}  // namespace phi
