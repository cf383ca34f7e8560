#include "common/db/request_ledger.h"

#include <nlohmann/json.hpp>
#include <set>

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

// The first answer in a row of a request that was claimed before.
absl::StatusOr<std::optional<std::string>> FirstAnswer(const pqxx::row& first,
                                                       const MutatingRequest& request) {
  const auto method = first["method"].as<std::string>();
  if (method != request.method || first["fingerprint"].as<std::string>() != request.fingerprint)
    return Reused(request, method);
  if (first["answer"].is_null())
    return Refused(absl::StatusCode::kInternal, "REQUEST_WITHOUT_ANSWER",
                   absl::StrCat("request_id ", request.request_id,
                                " was committed without an answer; use a new UUID"),
                   {{"request_id", request.request_id}});
  return std::optional<std::string>(first["answer"].as<std::string>());
}

}  // namespace

absl::StatusOr<std::optional<std::string>> FindAnswer(pqxx::work& work, const std::string& schema,
                                                      const MutatingRequest& request) {
  FLEETCAST_RETURN_IF_ERROR(ValidateRequestId(request.request_id));
  const pqxx::result rows =
      work.exec_params("SELECT method, fingerprint, answer FROM " + Table(work, schema) +
                           " WHERE request_id = $1::uuid",
                       request.request_id);
  if (rows.empty()) return std::optional<std::string>();
  return FirstAnswer(rows[0], request);
}

absl::StatusOr<std::optional<std::string>> ClaimRequest(pqxx::work& work, const std::string& schema,
                                                        const MutatingRequest& request) {
  return ClaimRequests(work, schema, {request})[0];
}

std::vector<absl::StatusOr<std::optional<std::string>>> ClaimRequests(
    pqxx::work& work, const std::string& schema, const std::vector<MutatingRequest>& requests) {
  std::vector<absl::StatusOr<std::optional<std::string>>> claims;
  nlohmann::json valid = nlohmann::json::array();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const MutatingRequest& request = requests[i];
    const absl::Status status = ValidateRequestId(request.request_id);
    claims.push_back(status.ok() ? absl::StatusOr<std::optional<std::string>>(std::nullopt)
                                 : status);
    if (status.ok())
      valid.push_back({{"item", i},
                       {"request_id", request.request_id},
                       {"method", request.method},
                       {"fingerprint", request.fingerprint}});
  }
  if (valid.empty()) return claims;
  // ON CONFLICT waits for a concurrent first caller to commit or roll back, within lock_timeout;
  // in the order of ids, so that two who claim the same do not wait for each other.
  const std::string input = valid.dump();
  const pqxx::result claimed = work.exec_params(
      absl::StrCat("INSERT INTO ", Table(work, schema),
                   " (request_id, method, fingerprint)"
                   " SELECT request_id, method, fingerprint FROM jsonb_to_recordset($1::jsonb)"
                   "  AS r (request_id uuid, method text, fingerprint text) ORDER BY request_id"
                   " ON CONFLICT (request_id) DO NOTHING RETURNING request_id"),
      input);
  if (claimed.size() == valid.size()) return claims;
  const pqxx::result firsts = work.exec_params(
      absl::StrCat("SELECT r.item, q.request_id, q.method, q.fingerprint, q.answer"
                   " FROM jsonb_to_recordset($1::jsonb) AS r (item int, request_id uuid)"
                   " JOIN ",
                   Table(work, schema), " q USING (request_id)"),
      input);
  std::set<std::string> ours;
  for (const pqxx::row& claim : claimed) ours.insert(claim[0].as<std::string>());
  for (const pqxx::row& first : firsts) {
    if (ours.contains(first["request_id"].as<std::string>())) continue;
    const auto item = first["item"].as<std::size_t>();
    claims[item] = FirstAnswer(first, requests[item]);
  }
  return claims;
}

absl::Status RecordAnswer(pqxx::work& work, const std::string& schema,
                          const MutatingRequest& request, const std::string& answer) {
  return RecordAnswers(work, schema, {{request.request_id, answer}});
}

absl::Status RecordAnswers(pqxx::work& work, const std::string& schema,
                           const std::vector<RequestAnswer>& answers) {
  nlohmann::json answered = nlohmann::json::array(), failed = nlohmann::json::array();
  for (const RequestAnswer& answer : answers) {
    if (answer.answer)
      answered.push_back({{"request_id", answer.request_id}, {"answer", *answer.answer}});
    else
      failed.push_back({{"request_id", answer.request_id}});
  }
  if (!failed.empty())
    work.exec_params(absl::StrCat("DELETE FROM ", Table(work, schema),
                                  " q USING"
                                  " jsonb_to_recordset($1::jsonb) AS r (request_id uuid)"
                                  " WHERE q.request_id = r.request_id"),
                     failed.dump());
  if (answered.empty()) return absl::OkStatus();
  const pqxx::result updated = work.exec_params(
      absl::StrCat("UPDATE ", Table(work, schema),
                   " q SET answer = r.answer FROM"
                   " jsonb_to_recordset($1::jsonb) AS r (request_id uuid, answer text)"
                   " WHERE q.request_id = r.request_id"),
      answered.dump());
  if (updated.affected_rows() == answered.size()) return absl::OkStatus();
  const std::string& first = answers.front().request_id;
  return Refused(absl::StatusCode::kInternal, "REQUEST_NOT_CLAIMED",
                 absl::StrCat("request_id ", first, answers.size() > 1 ? " or one with it" : "",
                              " was not claimed in this transaction"),
                 {{"request_id", first}});
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
