#include "common/settings/log_level.h"

#include <string>

namespace fleetcast {

LogLevel ReadLogLevel(SettingsReader& reader) {
  const std::string level =
      reader.Choice("log_level", "info", {"debug", "info", "warning", "error"},
                    "the least severe lines that are logged");
  if (level == "debug") return LogLevel::kDebug;
  if (level == "warning") return LogLevel::kWarning;
  if (level == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

}  // namespace fleetcast
