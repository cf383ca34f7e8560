// SHA-256, the name of artifacts and the fingerprint of configurations and data.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fleetcast {

// 64 lower-case hex digits.
[[nodiscard]] std::string Sha256Hex(std::string_view bytes);

// The same, over bytes that arrive in parts. Not thread safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  // Ends the computation; may be called once.
  [[nodiscard]] std::string FinishHex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast
