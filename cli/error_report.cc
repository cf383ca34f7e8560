#include "cli/error_report.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "cli/output/text.h"
#include "cli/transport/transport.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

std::string Detail(const std::string& label, const std::string& text, bool color) {
  return "  " + Styled(label + ":", Style::kDim, color) + " " + OneLine(text) + "\n";
}

std::string UnreachableRemedy(const ErrorDetails& details, bool color) {
  const auto found = details.metadata.find("service");
  const std::string service = found == details.metadata.end() ? "trainer" : found->second;
  return Detail("check",
                "is it running? `fleetcast local status --data-dir DIR` shows a local "
                "stack, `fleetcast local up` starts one",
                color) +
         Detail("elsewhere",
                "give --" + service + "-target HOST:PORT, or set FLEETCAST_" +
                    absl::AsciiStrToUpper(service) + "_TARGET or FLEETCAST_DATA_DIR",
                color);
}

// Nothing that the user did: the service's own log says more.
bool IsDefect(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace

std::string InCommands(const std::string& text) {
  static const std::map<std::string, std::string> commands = {
      {"CreateRelease", "release create"},
      {"DeployModelVersion", "deployment deploy"},
      {"ListBatchEndpoints", "deployment list"},
      {"ListChampions", "model champions"},
      {"ListCircuitStatuses", "fleet status"},
      {"ListCircuits", "config list"},
      {"ListDeployments", "deployment list"},
      {"ListExperiments", "experiment list"},
      {"ListInvocations", "sweep show"},
      {"ListModelVersions", "model list"},
      {"ListPools", "pool list"},
      {"ListReleases", "release list"},
      {"ListRuns", "run list"},
      {"ListSchedules", "schedule list"},
      {"ListSweeps", "sweep list"},
      {"ListTrainingJobs", "training show"},
      {"ListTrainingRuns", "training list"},
      {"RollbackRelease", "release rollback"},
      {"UpdatePool", "pool set"}};
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && absl::ascii_isalnum(static_cast<unsigned char>(text[end]))) ++end;
    const auto found = commands.find(text.substr(at, end - at));
    const bool of_path = at > 0 && text[at - 1] == '/';
    if (found != commands.end() && !of_path)
      result += "`fleetcast " + found->second + "`";
    else
      result += text.substr(at, std::max<std::size_t>(end - at, 1));
    at = std::max(end, at + 1);
  }
  return result;
}

std::string ErrorReport(const absl::Status& status, bool color, const std::string& call_id) {
  std::string text = Styled("error:", Style::kBad, color) + " " +
                     OneLine(InCommands(std::string(status.message()))) + "\n";
  const auto details = DetailsOf(status);
  if (IsDefect(status.code()) && !call_id.empty()) {
    text += Detail("logs", "the services' lines about this have \"request_id\":\"" + call_id + "\"",
                   color);
  }
  if (!details || details->reason.empty())
    text += Detail("code", absl::StatusCodeToString(status.code()), color);
  if (!details) return text;
  if (!details->reason.empty()) text += Detail("reason", details->reason, color);
  // A single violation usually is the message itself.
  for (const auto& violation : details->field_violations) {
    if (std::string(status.message()).find(violation.description) != std::string::npos) continue;
    text += Detail(violation.field, violation.description, color);
  }
  if (details->reason == kServiceUnreachable) text += UnreachableRemedy(*details, color);
  if (details->reason == kServiceTimeout) {
    text += Detail("check",
                   "does it serve? `fleetcast local status --data-dir DIR` asks a local stack's; "
                   "where it does, give it longer, for instance --timeout 2m",
                   color);
  }
  if (details->retry_after) {
    text += Detail("retry", "after " + DurationText(*details->retry_after), color);
  }
  return text;
}

std::string RepeatAdvice(const std::string& request_id, bool color) {
  return Detail("repeat",
                "this may have been carried out; repeat the command with --request-id " +
                    request_id + " to make sure: nothing is done twice",
                color);
}

ExitCode ExitCodeOf(const absl::Status& status, bool interrupted) {
  if (const auto details = DetailsOf(status); details && details->retry_after)
    return ExitCode::kUnreachable;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kResourceExhausted:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kCancelled:  // by a service that broke the call off, unless we did
      return interrupted ? ExitCode::kInterrupted : ExitCode::kUnreachable;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace fleetcast::cli
