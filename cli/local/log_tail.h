// The stack's log files: their last lines, and what is added to them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fleetcast::cli {

// "config", "trainer-1", "postgres", "supervisor" …: the logs there are in `data_dir`, sorted.
[[nodiscard]] std::vector<std::string> LogNames(const std::string& data_dir);

// Reads whole lines of several logs. Not thread safe.
class LogTail {
 public:
  using OnLine = std::function<void(const std::string& name, const std::string& line)>;

  LogTail(std::string data_dir, std::vector<std::string> names);
  // The last `lines` lines of each log, one log after the other.
  void Last(std::size_t lines, const OnLine& on_line);
  // What was written since; a log that has been made smaller is read from its beginning.
  void Added(const OnLine& on_line);

 private:
  const std::string data_dir_;
  const std::vector<std::string> names_;
  std::map<std::string, std::int64_t> read_;  // bytes of each log that were given out
};

}  // namespace fleetcast::cli
