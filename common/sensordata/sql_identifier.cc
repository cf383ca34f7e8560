#include "common/sensordata/sql_identifier.h"

#include "common/base/status.h"

namespace fleetcast::sensordata {

absl::Status CheckIdentifier(const std::string& setting, const std::string& name) {
  constexpr std::size_t kLongest = 63;  // NAMEDATALEN - 1: longer names would be cut silently
  if (name.empty() || name.size() > kLongest || name.find('\0') != std::string::npos) {
    return InvalidField(setting, "'" + name + "' is no Postgres name; give 1 to 63 characters");
  }
  return absl::OkStatus();
}

absl::Status CheckTable(const std::string& setting, const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return CheckIdentifier(setting, name);
  FLEETCAST_RETURN_IF_ERROR(CheckIdentifier(setting, name.substr(0, dot)));
  return CheckIdentifier(setting, name.substr(dot + 1));
}

std::string QuoteIdentifier(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string QuoteTable(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return QuoteIdentifier(name);
  return QuoteIdentifier(name.substr(0, dot)) + "." + QuoteIdentifier(name.substr(dot + 1));
}

}  // namespace fleetcast::sensordata
