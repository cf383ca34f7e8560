#include "common/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/text.h"

namespace fleetcast {
namespace {

thread_local LogFields scoped_fields;

// Others' bytes come here unchecked; a line stays valid JSON, and short enough for those who
// collect lines.
std::string Shown(const std::string& text) { return PrintableUtf8(text, 8192); }

// The service's name and logger: written once by StartLogging before there are threads. Before
// that, and in tests, lines go out under no name.
std::string& ServiceName() {
  static std::string name;
  return name;
}

spdlog::logger& Logger() {
  static spdlog::logger logger = [] {
    spdlog::logger made("fleetcast", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%v");
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

}  // namespace

void StartLogging(const std::string& service, LogLevel threshold) {
  ServiceName() = service;
  Logger().set_level(SpdlogLevel(threshold));
}

void Log(LogLevel level, const std::string& message, const LogFields& fields) {
  if (!Logger().should_log(SpdlogLevel(level))) return;
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  line["level"] = NameOf(level);
  line["service"] = ServiceName();
  line["message"] = Shown(message);
  for (const auto& [name, value] : scoped_fields) line[name] = Shown(value);
  for (const auto& [name, value] : fields) line[name] = Shown(value);
  Logger().log(SpdlogLevel(level), "{}", line.dump());
}

ScopedLogFields::ScopedLogFields(LogFields fields) : count_(fields.size()) {
  for (auto& field : fields) scoped_fields.push_back(std::move(field));
}

ScopedLogFields::~ScopedLogFields() { scoped_fields.resize(scoped_fields.size() - count_); }

std::string CurrentLogField(const std::string& name) {
  for (auto field = scoped_fields.rbegin(); field != scoped_fields.rend(); ++field)
    if (field->first == name) return field->second;
  return "";
}

}  // namespace fleetcast
