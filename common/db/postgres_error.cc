#include "common/db/postgres_error.h"

#include <pqxx/except>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::db {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(1);
constexpr std::size_t kLongestMessage = 4000;  // Postgres quotes what it was sent

struct Mapping {
  absl::StatusCode code;
  const char* reason;
};

Mapping MappingOf(const std::string& sqlstate) {
  using absl::StatusCode;
  static constexpr struct {
    const char* prefix;  // of the SQLSTATE; the first that fits decides
    Mapping mapping;
  } kMappings[] = {
      {"23505", {StatusCode::kAlreadyExists, "POSTGRES_UNIQUE_VIOLATION"}},
      {"23503", {StatusCode::kFailedPrecondition, "POSTGRES_FOREIGN_KEY_VIOLATION"}},
      {"23514", {StatusCode::kFailedPrecondition, "POSTGRES_CHECK_VIOLATION"}},
      {"23P01", {StatusCode::kAlreadyExists, "POSTGRES_EXCLUSION_VIOLATION"}},
      {"22021", {StatusCode::kInvalidArgument, "POSTGRES_TEXT_NOT_UTF8"}},
      {"22P05", {StatusCode::kInvalidArgument, "POSTGRES_TEXT_NOT_STORABLE"}},
      {"22003", {StatusCode::kInvalidArgument, "POSTGRES_NUMBER_OUT_OF_RANGE"}},
      {"54", {StatusCode::kInvalidArgument, "POSTGRES_VALUE_TOO_LARGE"}},
      {"25006", {StatusCode::kUnavailable, "POSTGRES_READ_ONLY"}},
      {"40001", {StatusCode::kAborted, "POSTGRES_SERIALIZATION_FAILURE"}},
      {"40P01", {StatusCode::kAborted, "POSTGRES_DEADLOCK"}},
      {"55P03", {StatusCode::kDeadlineExceeded, "POSTGRES_LOCK_TIMEOUT"}},
      {"57014", {StatusCode::kDeadlineExceeded, "POSTGRES_STATEMENT_TIMEOUT"}},
      {"57P", {StatusCode::kUnavailable, "POSTGRES_UNAVAILABLE"}},
      {"08", {StatusCode::kUnavailable, "POSTGRES_UNAVAILABLE"}},
      {"25P03", {StatusCode::kUnavailable, "POSTGRES_UNAVAILABLE"}},
      {"53", {StatusCode::kUnavailable, "POSTGRES_OUT_OF_RESOURCES"}},
      {"58", {StatusCode::kUnavailable, "POSTGRES_OUT_OF_RESOURCES"}},
      {"42501", {StatusCode::kFailedPrecondition, "POSTGRES_PERMISSION_DENIED"}},
      {"XX001", {StatusCode::kDataLoss, "POSTGRES_DATA_CORRUPTED"}},
      {"XX002", {StatusCode::kDataLoss, "POSTGRES_DATA_CORRUPTED"}},
  };
  for (const auto& [prefix, mapping] : kMappings)
    if (absl::StartsWith(sqlstate, prefix)) return mapping;
  return {StatusCode::kInternal, "POSTGRES_ERROR"};
}

// What Postgres says for people: callers have no use for the statement that met the error, nor for
// the functions around it. Postgres' own log has both.
std::string WithoutStatements(const std::string& what) {
  std::vector<std::string> kept;
  bool keeps = true;
  for (const absl::string_view line : absl::StrSplit(what, '\n')) {
    for (const char* section : {"LINE ", "QUERY:", "CONTEXT:", "STATEMENT:"})
      if (absl::StartsWith(line, section)) keeps = false;
    for (const char* section : {"DETAIL:", "HINT:"})
      if (absl::StartsWith(line, section)) keeps = true;
    if (keeps) kept.emplace_back(line);
  }
  return absl::StrJoin(kept, "\n");
}

absl::Status Make(const Mapping& mapping, const std::string& sqlstate, const std::string& what) {
  ErrorDetails details;
  details.reason = mapping.reason;
  if (!sqlstate.empty()) details.metadata["sqlstate"] = sqlstate;
  const bool locked = sqlstate == "55P03";
  if (mapping.code == absl::StatusCode::kUnavailable || locked) details.retry_after = kRetryAfter;
  return MakeError(
      mapping.code,
      absl::StrCat("Postgres: ",
                   PrintableUtf8(std::string(absl::StripSuffix(WithoutStatements(what), "\n")),
                                 kLongestMessage),
                   locked
                       ? "; nothing was done: another session keeps a row that this needs locked, "
                         "and pg_stat_activity tells which"
                       : ""),
      std::move(details));
}

// libpq gives no SQLSTATE for what it finds out itself.
bool SaysConnectionIsLost(const std::string& what) {
  for (const char* phrase :
       {"server closed the connection", "could not receive data", "could not send data",
        "no connection to the server", "terminating connection", "connection to server",
        "Connection refused", "Connection reset", "Broken pipe", "SSL SYSCALL"})
    if (absl::StrContains(what, phrase)) return true;
  return false;
}

// What pqxx says of it where libpq says nothing ("Could not obtain client encoding: not
// connected.") is not for people.
absl::Status Lost(const std::string& what) {
  return Make(MappingOf("08"), "",
              SaysConnectionIsLost(what)
                  ? what
                  : absl::StrCat("the connection to it was lost (", what, ")"));
}

// pqxx 6 gives a few classes of errors without it.
std::string SqlStateOf(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  if (dynamic_cast<const pqxx::disk_full*>(&error) != nullptr) return "53100";
  if (dynamic_cast<const pqxx::out_of_memory*>(&error) != nullptr) return "53200";
  return "";
}

}  // namespace

absl::Status StatusFromException(const std::exception& exception) {
  const std::string what = exception.what();
  if (dynamic_cast<const pqxx::in_doubt_error*>(&exception) != nullptr ||
      dynamic_cast<const pqxx::statement_completion_unknown*>(&exception) != nullptr)
    return Refused(absl::StatusCode::kUnknown, "COMMIT_OUTCOME_UNKNOWN",
                   absl::StrCat("the connection broke while Postgres was committing; send the same "
                                "request id again to learn whether it took effect: ",
                                absl::StripSuffix(what, "\n")));
  if (dynamic_cast<const pqxx::broken_connection*>(&exception) != nullptr) return Lost(what);
  // In pqxx 6 these two are not sql_errors and have lost their SQLSTATE.
  if (dynamic_cast<const pqxx::deadlock_detected*>(&exception) != nullptr)
    return Make(MappingOf("40P01"), "40P01", what);
  if (dynamic_cast<const pqxx::transaction_rollback*>(&exception) != nullptr)
    return Make(MappingOf("40001"), "40001", what);
  if (const auto* error = dynamic_cast<const pqxx::sql_error*>(&exception)) {
    const std::string sqlstate = SqlStateOf(*error);
    if (sqlstate.empty() && SaysConnectionIsLost(what)) return Lost(what);
    return Make(MappingOf(sqlstate), sqlstate, what);
  }
  return Make({absl::StatusCode::kInternal, "POSTGRES_CLIENT_ERROR"}, "", what);
}

}  // namespace fleetcast::db
