// A TCP peer that speaks the beginning of Postgres' protocol and then falls silent: what it is sent
// is acknowledged by the kernel and never answered.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace fleetcast::testing {

class SilentPostgres {
 public:
  // What it still answers.
  enum class Answers { kNothing, kLogin };
  explicit SilentPostgres(Answers answers);
  ~SilentPostgres();
  SilentPostgres(const SilentPostgres&) = delete;
  SilentPostgres& operator=(const SilentPostgres&) = delete;

  [[nodiscard]] std::string dsn() const;
  [[nodiscard]] int logins() const { return logins_; }

 private:
  void Serve();

  const Answers answers_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> logins_ = 0;
  std::thread thread_;
};

}  // namespace fleetcast::testing
