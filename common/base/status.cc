#include "common/base/status.h"

#include <nlohmann/json.hpp>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/text.h"

namespace fleetcast {
namespace {

constexpr char kPayloadUrl[] = "fleetcast/error-details";
// Whatever bytes an error is made of, a column of Postgres, a message of protobuf and a document of
// JSON take its texts.
constexpr std::size_t kMaxMessageBytes = 4096;
constexpr std::size_t kMaxTextBytes = 1024;

void MakePrintable(ErrorDetails& details) {
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : details.metadata)
    metadata[PrintableUtf8(name, kMaxTextBytes)] = PrintableUtf8(value, kMaxTextBytes);
  details.metadata = std::move(metadata);
  for (FieldViolation& violation : details.field_violations) {
    violation.field = PrintableUtf8(violation.field, kMaxTextBytes);
    violation.description = PrintableUtf8(violation.description, kMaxTextBytes);
  }
  for (std::string* text : {&details.reason, &details.resource_type, &details.resource_name})
    *text = PrintableUtf8(*text, kMaxTextBytes);
}

std::string Encode(const ErrorDetails& details) {
  nlohmann::json violations = nlohmann::json::array();
  for (const FieldViolation& violation : details.field_violations)
    violations.push_back({violation.field, violation.description});
  nlohmann::json json = {{"reason", details.reason},
                         {"metadata", details.metadata},
                         {"violations", std::move(violations)},
                         {"type", details.resource_type},
                         {"name", details.resource_name}};
  if (details.retry_after) json["retry_ms"] = absl::ToInt64Milliseconds(*details.retry_after);
  return json.dump();
}

ErrorDetails Decode(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text);
  ErrorDetails details;
  details.reason = json.at("reason");
  details.metadata = json.at("metadata").get<std::map<std::string, std::string>>();
  for (const auto& violation : json.at("violations"))
    details.field_violations.push_back({violation.at(0), violation.at(1)});
  details.resource_type = json.at("type");
  details.resource_name = json.at("name");
  if (json.contains("retry_ms"))
    details.retry_after = absl::Milliseconds(json.at("retry_ms").get<std::int64_t>());
  return details;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string message, ErrorDetails details) {
  MakePrintable(details);
  absl::Status status(code, PrintableUtf8(message, kMaxMessageBytes));
  status.SetPayload(kPayloadUrl, absl::Cord(Encode(details)));
  return status;
}

std::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload) return std::nullopt;
  return Decode(std::string(*payload));
}

std::string ReasonOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details ? details->reason : "";
}

absl::Status InvalidField(std::string field, std::string description, std::string reason) {
  ErrorDetails details;
  details.reason = std::move(reason);
  details.metadata["field"] = field;
  std::string message = absl::StrCat(field, ": ", description);
  details.field_violations.push_back({std::move(field), std::move(description)});
  return MakeError(absl::StatusCode::kInvalidArgument, std::move(message), std::move(details));
}

absl::Status InvalidFields(std::vector<FieldViolation> violations) {
  ErrorDetails details;
  details.reason = "INVALID_FIELD";
  std::string message =
      absl::StrJoin(violations, "; ", [](std::string* out, const FieldViolation& violation) {
        absl::StrAppend(out, violation.field, ": ", violation.description);
      });
  details.metadata["field"] = violations.front().field;
  details.field_violations = std::move(violations);
  return MakeError(absl::StatusCode::kInvalidArgument, std::move(message), std::move(details));
}

absl::Status ResourceNotFound(std::string type, std::string name, std::string remedy) {
  ErrorDetails details;
  details.reason = "RESOURCE_NOT_FOUND";
  details.metadata = {{"resource_type", type}, {"resource_name", name}};
  std::string message = absl::StrCat(type, " \"", name, "\" does not exist");
  if (!remedy.empty()) absl::StrAppend(&message, "; ", remedy);
  details.resource_type = std::move(type);
  details.resource_name = std::move(name);
  return MakeError(absl::StatusCode::kNotFound, std::move(message), std::move(details));
}

absl::Status Refused(absl::StatusCode code, std::string reason, std::string message,
                     std::map<std::string, std::string> metadata) {
  ErrorDetails details;
  details.reason = std::move(reason);
  details.metadata = std::move(metadata);
  return MakeError(code, std::move(message), std::move(details));
}

}  // namespace fleetcast
