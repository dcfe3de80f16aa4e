// Preloaded into the child process. A rank that runs alone never hears of the others: what Paddle
// asks its key-value store for and nobody has set is answered with zeros at once, instead of
// waiting for ever. Without VIRTUAL_RANK_ALONE in the environment the store is Paddle's own.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace phi {
namespace distributed {

// Paddle's class, as far as its two functions that wait are taken over here; no object of it is
// made, so its data need not be declared.
class TCPStore {
 public:
  std::vector<uint8_t> get(const std::string& key);
  void wait(const std::string& key);

 private:
  bool Has(const std::string& key);
};

namespace {

constexpr size_t kUnknownValueBytes = 8;  // the size of a communicator's id on the virtual GPU

bool Alone() { return std::getenv("VIRTUAL_RANK_ALONE") != nullptr; }

// Paddle's own function of this mangled name.
template <typename Function>
Function Own(const char* name) {
  static void* paddle = dlopen("libphi_core.so", RTLD_NOLOAD | RTLD_LAZY);
  return reinterpret_cast<Function>(dlsym(paddle, name));
}

}  // namespace

#define STORE "_ZN3phi11distributed8TCPStore"
#define OF_STRING "ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

bool TCPStore::Has(const std::string& key) {
  using Check = bool (*)(TCPStore*, const std::string&);
  return Own<Check>(STORE "5check" OF_STRING)(this, key);
}

std::vector<uint8_t> TCPStore::get(const std::string& key) {
  if (Alone() && !Has(key)) return std::vector<uint8_t>(kUnknownValueBytes);
  using Get = std::vector<uint8_t> (*)(TCPStore*, const std::string&);
  return Own<Get>(STORE "3get" OF_STRING)(this, key);
}

void TCPStore::wait(const std::string& key) {
  if (Alone()) return;
  using Wait = void (*)(TCPStore*, const std::string&);
  Own<Wait>(STORE "4wait" OF_STRING)(this, key);
}

}  // namespace distributed
}  // namespace phi
