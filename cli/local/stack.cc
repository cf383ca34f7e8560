#include "cli/local/stack.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

using nlohmann::ordered_json;

ordered_json IdentityJson(const ProcessIdentity& process) {
  return {{"pid", process.pid}, {"start_ticks", process.start_ticks}};
}

ProcessIdentity IdentityFrom(const ordered_json& json) {
  return {.pid = json.at("pid"), .start_ticks = json.at("start_ticks")};
}

ordered_json ServiceJson(const RunningService& service) {
  ordered_json json = {
      {"name", service.name},
      {"service", service.service},
      {"port", service.port},
      {"process", service.process ? IdentityJson(*service.process) : ordered_json(nullptr)},
      {"start_time", absl::FormatTime(absl::RFC3339_sec, service.start_time, absl::UTCTimeZone())},
      {"restarts", service.restarts},
      {"last_exit", service.last_exit}};
  return json;
}

RunningService ServiceFrom(const ordered_json& json) {
  RunningService service;
  service.name = json.at("name");
  service.service = json.at("service");
  service.port = json.at("port");
  if (!json.at("process").is_null()) service.process = IdentityFrom(json.at("process"));
  std::string error;
  absl::ParseTime(absl::RFC3339_full, json.at("start_time").get<std::string>(), &service.start_time,
                  &error);
  service.restarts = json.at("restarts");
  service.last_exit = json.at("last_exit");
  return service;
}

}  // namespace

std::string RecordFile(const std::string& data_dir) { return data_dir + "/stack.json"; }
std::string LockFile(const std::string& data_dir) { return data_dir + "/stack.lock"; }
std::string PostgresDir(const std::string& data_dir) { return data_dir + "/postgres"; }
std::string LogFile(const std::string& data_dir, const std::string& name) {
  return absl::StrCat(data_dir, "/logs/", name, ".log");
}

ordered_json ToJson(const StackRecord& record) {
  ordered_json ports = ordered_json::object();
  ordered_json services = ordered_json::array();
  for (const RunningService& service : record.services) {
    if (!ports.contains(service.service)) ports[service.service] = service.port;
    services.push_back(ServiceJson(service));
  }
  return {{"state", record.state},       {"supervisor", IdentityJson(record.supervisor)},
          {"database", record.database}, {"postgres_pid", record.postgres_pid},
          {"ports", std::move(ports)},   {"services", std::move(services)}};
}

absl::Status WriteRecord(const std::string& data_dir, const StackRecord& record) {
  const std::string temporary = RecordFile(data_dir) + ".new";
  std::ofstream file(temporary);
  file << ToJson(record).dump(2) << "\n";
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, RecordFile(data_dir), error);
  if (file && !error) return absl::OkStatus();
  return Refused(absl::StatusCode::kFailedPrecondition, "FILE_SYSTEM",
                 absl::StrCat("cannot write ", RecordFile(data_dir), "; is the disk full?"),
                 {{"path", RecordFile(data_dir)}});
}

absl::StatusOr<std::optional<StackRecord>> ReadRecord(const std::string& data_dir) {
  std::ifstream file(RecordFile(data_dir));
  if (!file) return std::optional<StackRecord>();
  try {
    const ordered_json json = ordered_json::parse(file);
    StackRecord record;
    record.state = json.at("state");
    record.supervisor = IdentityFrom(json.at("supervisor"));
    record.database = json.at("database");
    record.postgres_pid = json.at("postgres_pid");
    for (const ordered_json& service : json.at("services"))
      record.services.push_back(ServiceFrom(service));
    return std::optional<StackRecord>(std::move(record));
  } catch (const nlohmann::json::exception& exception) {
    return Refused(absl::StatusCode::kDataLoss, "STACK_RECORD_DAMAGED",
                   absl::StrCat(RecordFile(data_dir), " cannot be understood (", exception.what(),
                                "); stop the processes it names and remove it"),
                   {{"path", RecordFile(data_dir)}});
  }
}

}  // namespace fleetcast::cli
