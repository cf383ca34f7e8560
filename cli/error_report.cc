#include "cli/error_report.h"

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

std::string ErrorReport(const absl::Status& status, bool color, const std::string& call_id) {
  std::string text =
      Styled("error:", Style::kBad, color) + " " + OneLine(std::string(status.message())) + "\n";
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
    text += Detail("check", "give it longer with --timeout, for instance --timeout 2m", color);
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

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace fleetcast::cli
