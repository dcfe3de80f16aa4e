// Preloaded into the child process. A rank that runs alone never hears of the others: its
// key-value store is a map of this process, and what nobody has set reads as zeros at once instead
// of being waited for. No socket is asked, so a forked copy of the process may go on with its own
// map. Without VIRTUAL_RANK_ALONE in the environment the store is Paddle's own.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t kUnknownValueBytes = 8;  // the size of a communicator's id on the virtual GPU

using Value = std::vector<uint8_t>;

// What this process has said, and the key that it touched last: the plug-in learns from it which
// group a communicator is made for (collectives.cc).
struct Said {
  std::mutex mutex;
  std::unordered_map<std::string, Value> values;
  std::string last_key;
};

Said& OwnWords() {
  static Said* said = new Said;
  return *said;
}

bool Alone() { return std::getenv("VIRTUAL_RANK_ALONE") != nullptr; }

}  // namespace

extern "C" __attribute__((visibility("default"))) void vgpu_last_store_key(char* key, size_t room) {
  Said& said = OwnWords();
  std::lock_guard<std::mutex> lock(said.mutex);
  std::strncpy(key, said.last_key.c_str(), room - 1);
  key[room - 1] = '\0';
}

namespace phi {
namespace distributed {

// Paddle's class, as far as its functions are taken over here; no object of it is made, so its
// data need not be declared.
class TCPStore {
 public:
  int64_t add(const std::string& key, int64_t value);
  Value get(const std::string& key);
  bool check(const std::string& key);
  void wait(const std::string& key);
  void set(const std::string& key, const Value& value);
};

namespace {

// Paddle's own function of this mangled name.
template <typename Function>
Function Own(const char* name) {
  static void* paddle = dlopen("libphi_core.so", RTLD_NOLOAD | RTLD_LAZY);
  return reinterpret_cast<Function>(dlsym(paddle, name));
}

}  // namespace

#define STORE "_ZN3phi11distributed8TCPStore"
#define OF_STRING "ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

int64_t TCPStore::add(const std::string& key, int64_t value) {
  if (!Alone()) {
    using Add = int64_t (*)(TCPStore*, const std::string&, int64_t);
    return Own<Add>(STORE "3add" OF_STRING "l")(this, key, value);
  }
  Said& said = OwnWords();
  std::lock_guard<std::mutex> lock(said.mutex);
  const Value& old = said.values[key];
  const int64_t sum = std::strtoll(std::string(old.begin(), old.end()).c_str(), nullptr, 10) + value;
  const std::string text = std::to_string(sum);
  said.values[key] = Value(text.begin(), text.end());
  return sum;
}

Value TCPStore::get(const std::string& key) {
  if (!Alone()) {
    using Get = Value (*)(TCPStore*, const std::string&);
    return Own<Get>(STORE "3get" OF_STRING)(this, key);
  }
  Said& said = OwnWords();
  std::lock_guard<std::mutex> lock(said.mutex);
  said.last_key = key;
  const auto found = said.values.find(key);
  return found == said.values.end() ? Value(kUnknownValueBytes) : found->second;
}

bool TCPStore::check(const std::string& key) {
  if (!Alone()) {
    using Check = bool (*)(TCPStore*, const std::string&);
    return Own<Check>(STORE "5check" OF_STRING)(this, key);
  }
  Said& said = OwnWords();
  std::lock_guard<std::mutex> lock(said.mutex);
  return said.values.count(key) != 0;
}

void TCPStore::wait(const std::string& key) {
  if (Alone()) return;
  using Wait = void (*)(TCPStore*, const std::string&);
  Own<Wait>(STORE "4wait" OF_STRING)(this, key);
}

void TCPStore::set(const std::string& key, const Value& value) {
  if (!Alone()) {
    using Set = void (*)(TCPStore*, const std::string&, const Value&);
    return Own<Set>(STORE "3set" OF_STRING "RKSt6vectorIhSaIhEE")(this, key, value);
  }
  Said& said = OwnWords();
  std::lock_guard<std::mutex> lock(said.mutex);
  said.last_key = key;
  said.values[key] = value;
}

}  // namespace distributed
}  // namespace phi
