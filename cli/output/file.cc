#include "cli/output/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/status.h"

namespace fleetcast::cli {

absl::Status WriteFile(const std::string& flag, const std::string& path, const std::string& text) {
  const std::string unfinished = path + ".part";
  std::FILE* file = std::fopen(unfinished.c_str(), "we");
  const bool written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (written && closed && std::rename(unfinished.c_str(), path.c_str()) == 0) {
    return absl::OkStatus();
  }
  const std::string error = std::strerror(errno);
  std::remove(unfinished.c_str());
  return InvalidField(flag, "cannot write " + path + ": " + error);
}

}  // namespace fleetcast::cli
