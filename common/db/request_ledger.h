// "Everything that mutates takes a request id": first answers, kept in the service's own schema
// (table `<schema>.requests`) and in the transaction of their effect.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/mutating_request.h"
#include "common/db/duties.h"

namespace fleetcast::db {

using fleetcast::MutatingRequest;

// Claims the id for this transaction. nullopt: the caller is first, does the work and ends with
// RecordAnswer in the same transaction. A value: the first answer, to be returned unchanged.
// A concurrent first caller is waited for. INVALID_ARGUMENT with reason REQUEST_ID_REUSED if the
// id was used for another method or request.
[[nodiscard]] absl::StatusOr<std::optional<std::string>> ClaimRequest(
    pqxx::work& work, const std::string& schema, const MutatingRequest& request);

// The first answer, without a claim: for what is to be asked before the work that leads to one.
// nullopt if nobody has answered it yet. Errors as ClaimRequest's.
[[nodiscard]] absl::StatusOr<std::optional<std::string>> FindAnswer(pqxx::work& work,
                                                                    const std::string& schema,
                                                                    const MutatingRequest& request);

// The same for several requests with different ids, in one statement: what ClaimRequest says of
// each, in order.
[[nodiscard]] std::vector<absl::StatusOr<std::optional<std::string>>> ClaimRequests(
    pqxx::work& work, const std::string& schema, const std::vector<MutatingRequest>& requests);

// `answer` is what ClaimRequest gives to everyone who asks again: a resource name or JSON.
[[nodiscard]] absl::Status RecordAnswer(pqxx::work& work, const std::string& schema,
                                        const MutatingRequest& request, const std::string& answer);

struct RequestAnswer {
  std::string request_id;
  std::optional<std::string> answer;  // nullopt: the request failed, its claim is given back
};
// Ends claims of this transaction, as RecordAnswer does one.
[[nodiscard]] absl::Status RecordAnswers(pqxx::work& work, const std::string& schema,
                                         const std::vector<RequestAnswer>& answers);

// Forgets answers older than `keep`, a thousand at a time: a request that is repeated later is a
// new one. The schema needs deploy/postgres/common/requests_and_duties.sql.
[[nodiscard]] Duty RequestRetention(const std::string& schema, absl::Duration keep);

}  // namespace fleetcast::db
