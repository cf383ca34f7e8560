// How Fleetcast says that something failed: an absl::Status whose message says what failed,
// on what and what to do, and whose ErrorDetails carry the same values for programs.
// `common/rpc` turns the details into google.rpc messages; nothing here knows protobuf.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast {

struct FieldViolation {
  std::string field;        // path of the request field: "training_run.circuits[2]"
  std::string description;  // what is wrong with it and what would be right
};

struct ErrorDetails {
  std::string reason;                           // UPPER_SNAKE, e.g. "REQUEST_ID_REUSED"
  std::map<std::string, std::string> metadata;  // every value that the message names
  std::vector<FieldViolation> field_violations;
  std::string resource_type;                  // "TrainingRun", with NOT_FOUND and ALREADY_EXISTS
  std::string resource_name;                  // "trainingRuns/01h…"
  std::optional<absl::Duration> retry_after;  // with UNAVAILABLE and RESOURCE_EXHAUSTED
};

// `code` must not be OK. Texts become PrintableUtf8: the message of 4 KiB, others of 1 KiB at most.
[[nodiscard]] absl::Status MakeError(absl::StatusCode code, std::string message,
                                     ErrorDetails details);

// The details of a status made by MakeError, here or in another process; nullopt if it has none.
[[nodiscard]] std::optional<ErrorDetails> DetailsOf(const absl::Status& status);

// The reason of `status`, or "" if it carries none.
[[nodiscard]] std::string ReasonOf(const absl::Status& status);

// INVALID_ARGUMENT about one request field. Reason defaults to INVALID_FIELD.
[[nodiscard]] absl::Status InvalidField(std::string field, std::string description,
                                        std::string reason = "INVALID_FIELD");

// INVALID_ARGUMENT about several request fields at once. `violations` must not be empty.
[[nodiscard]] absl::Status InvalidFields(std::vector<FieldViolation> violations);

// NOT_FOUND for a resource by its full name; `remedy` ends the message.
[[nodiscard]] absl::Status ResourceNotFound(std::string type, std::string name, std::string remedy);

// FAILED_PRECONDITION, ABORTED … with a reason and the values that the message names.
[[nodiscard]] absl::Status Refused(absl::StatusCode code, std::string reason, std::string message,
                                   std::map<std::string, std::string> metadata = {});

}  // namespace fleetcast

#define FLEETCAST_CONCAT_INNER(a, b) a##b
#define FLEETCAST_CONCAT(a, b) FLEETCAST_CONCAT_INNER(a, b)

// Returns from the enclosing function if `expression` (an absl::Status) is not OK.
#define FLEETCAST_RETURN_IF_ERROR(expression)                                   \
  do {                                                                          \
    if (absl::Status fleetcast_status_ = (expression); !fleetcast_status_.ok()) \
      return fleetcast_status_;                                                 \
  } while (false)

// `FLEETCAST_ASSIGN_OR_RETURN(auto x, MakeX());`: x, or return the error.
#define FLEETCAST_ASSIGN_OR_RETURN(declaration, expression)                                \
  FLEETCAST_ASSIGN_OR_RETURN_INNER(FLEETCAST_CONCAT(fleetcast_or_, __LINE__), declaration, \
                                   expression)
#define FLEETCAST_ASSIGN_OR_RETURN_INNER(temporary, declaration, expression) \
  auto temporary = (expression);                                             \
  if (!temporary.ok()) return std::move(temporary).status();                 \
  declaration = *std::move(temporary)
