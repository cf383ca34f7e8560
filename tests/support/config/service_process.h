// The real fleetcast-config in a process of its own, held to 256 MiB.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace fleetcast::config::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  // takes several times as much of all
#else
inline constexpr bool kSanitized = false;
#endif
inline constexpr std::size_t kMemoryLimit = std::size_t{kSanitized ? 2048 : 256} << 20;

// Started by the constructor, which waits until it listens or has ended; killed by the destructor.
class ServiceProcess {
 public:
  // `arguments` besides --listen.
  explicit ServiceProcess(const std::vector<std::string>& arguments);
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  // Where it listens; empty if it ended instead.
  [[nodiscard]] const std::string& address() const { return address_; }
  // What it printed on standard error until it listened, or ended.
  [[nodiscard]] const std::string& errors() const { return errors_; }
  [[nodiscard]] bool running();
  // 128 + signal if a signal ended it; -1 while it runs.
  [[nodiscard]] int exit_code() const { return exit_code_; }
  // Processor time that all its threads have taken.
  [[nodiscard]] double cpu_seconds() const;
  // The most memory that it has held, in bytes (the kernel's VmHWM).
  [[nodiscard]] std::size_t peak_bytes() const;

 private:
  pid_t process_ = -1;
  std::string address_, errors_, log_path_;
  int exit_code_ = -1;
};

}  // namespace fleetcast::config::testing
