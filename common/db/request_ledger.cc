#include "common/db/request_ledger.h"

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/db/transaction.h"

namespace fleetcast::db {
namespace {

std::string Table(const pqxx::work& work, const std::string& schema) {
  return work.quote_name(schema) + ".requests";
}

absl::Status Reused(const MutatingRequest& request, const std::string& first_method) {
  const std::string difference = first_method == request.method
                                     ? absl::StrCat("another ", request.method, " request")
                                     : absl::StrCat("a ", first_method, " request");
  ErrorDetails details;
  details.reason = "REQUEST_ID_REUSED";
  details.metadata = {{"request_id", request.request_id},
                      {"method", request.method},
                      {"first_method", first_method}};
  details.field_violations = {
      {"request_id", absl::StrCat("was used for ", difference, "; use a new UUID")}};
  return MakeError(absl::StatusCode::kInvalidArgument,
                   absl::StrCat("request_id ", request.request_id, " was used before, for ",
                                difference, "; use a new UUID"),
                   std::move(details));
}

constexpr int kRetentionBatch = 1000;
constexpr absl::Duration kBatchTime = absl::Seconds(2);  // more than a batch takes

absl::StatusOr<int> ForgetSome(ConnectionPool& pool, const std::string& schema,
                               absl::Duration keep) {
  return RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<int> {
    const std::string table = Table(work, schema);
    const pqxx::result forgotten = work.exec_params(
        "DELETE FROM " + table + " WHERE request_id = ANY (ARRAY(SELECT request_id FROM " + table +
            " WHERE create_time < statement_timestamp() - make_interval(secs => $1)"
            " ORDER BY create_time LIMIT $2 FOR UPDATE SKIP LOCKED))",
        absl::ToDoubleSeconds(keep), kRetentionBatch);
    return static_cast<int>(forgotten.affected_rows());
  });
}

// The answer of the request's row; nullopt if there is none yet.
absl::StatusOr<std::optional<std::string>> ReadAnswer(pqxx::work& work, const std::string& schema,
                                                      const MutatingRequest& request) {
  const pqxx::result rows =
      work.exec_params("SELECT method, fingerprint, answer FROM " + Table(work, schema) +
                           " WHERE request_id = $1::uuid",
                       request.request_id);
  if (rows.empty()) return std::optional<std::string>();
  const auto method = rows[0][0].as<std::string>();
  if (method != request.method || rows[0][1].as<std::string>() != request.fingerprint)
    return Reused(request, method);
  if (!rows[0][2].is_null()) return std::optional<std::string>(rows[0][2].as<std::string>());
  return Refused(absl::StatusCode::kInternal, "REQUEST_WITHOUT_ANSWER",
                 absl::StrCat("request_id ", request.request_id,
                              " was committed without an answer; use a new UUID"),
                 {{"request_id", request.request_id}});
}

}  // namespace

absl::StatusOr<std::optional<std::string>> FindAnswer(pqxx::work& work, const std::string& schema,
                                                      const MutatingRequest& request) {
  FLEETCAST_RETURN_IF_ERROR(ValidateRequestId(request.request_id));
  return ReadAnswer(work, schema, request);
}

absl::StatusOr<std::optional<std::string>> ClaimRequest(pqxx::work& work, const std::string& schema,
                                                        const MutatingRequest& request) {
  FLEETCAST_RETURN_IF_ERROR(ValidateRequestId(request.request_id));
  // ON CONFLICT waits for a concurrent first caller to commit or roll back, within lock_timeout.
  const pqxx::result claimed =
      work.exec_params("INSERT INTO " + Table(work, schema) +
                           " (request_id, method, fingerprint) VALUES ($1::uuid, $2, $3)"
                           " ON CONFLICT (request_id) DO NOTHING RETURNING request_id",
                       request.request_id, request.method, request.fingerprint);
  if (!claimed.empty()) return std::optional<std::string>();
  return ReadAnswer(work, schema, request);
}

absl::Status RecordAnswer(pqxx::work& work, const std::string& schema,
                          const MutatingRequest& request, const std::string& answer) {
  const pqxx::result updated = work.exec_params(
      "UPDATE " + Table(work, schema) + " SET answer = $2 WHERE request_id = $1::uuid",
      request.request_id, answer);
  if (updated.affected_rows() == 1) return absl::OkStatus();
  return Refused(
      absl::StatusCode::kInternal, "REQUEST_NOT_CLAIMED",
      absl::StrCat("request_id ", request.request_id, " was not claimed in this transaction"),
      {{"request_id", request.request_id}});
}

Duty RequestRetention(const std::string& schema, absl::Duration keep) {
  const auto run = [schema, keep](ConnectionPool& pool) -> absl::Status {
    for (;;) {
      FLEETCAST_ASSIGN_OR_RETURN(const int forgotten, ForgetSome(pool, schema, keep));
      if (forgotten < kRetentionBatch) return absl::OkStatus();
      if (const auto left = RemainingTime(); left && *left < kBatchTime) return absl::OkStatus();
    }
  };
  return {.name = "request_retention", .every = absl::Minutes(1), .run = run};
}

}  // namespace fleetcast::db
