// Structured logging: one JSON object a line on standard error, with the ids of what the thread
// is working on (request, run, job). Thread safe.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
using LogFields = std::vector<std::pair<std::string, std::string>>;

// Once, at the start of main. `service` is in every line.
void StartLogging(const std::string& service, LogLevel threshold);

// {"time":…,"level":…,"service":…,"message":…, fields}: PrintableUtf8 of at most 8 KiB each
void Log(LogLevel level, const std::string& message, const LogFields& fields = {});
inline void LogInfo(const std::string& message, const LogFields& fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarning(const std::string& message, const LogFields& fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(const std::string& message, const LogFields& fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// Adds fields to every line of this thread while in scope; nests.
class ScopedLogFields {
 public:
  explicit ScopedLogFields(LogFields fields);
  ~ScopedLogFields();
  ScopedLogFields(const ScopedLogFields&) = delete;
  ScopedLogFields& operator=(const ScopedLogFields&) = delete;

 private:
  std::size_t count_;
};

// The value of the innermost field `name` in scope on this thread, "" if there is none: how the
// request id finds its way into calls to other services.
[[nodiscard]] std::string CurrentLogField(const std::string& name);

}  // namespace fleetcast
