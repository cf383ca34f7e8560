// Mutating requests answered once: what the first call answered is kept, in the transaction of its
// effect, and given to everyone who asks again, whatever has become of the resource since.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/mutating_request.h"
#include "common/base/status.h"
#include "common/db/connection_pool.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "services/inference/domain/release.h"
#include "services/inference/domain/sweep.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {

// An answer as the ledger keeps it, JSON, and back. For Deployment, std::vector<DeployOutcome>,
// Schedule, Forecast, CircuitStatus, Sweep, Invocation and Release. Reading takes defaults for what
// an earlier release did not know; FAILED_PRECONDITION FIRST_ANSWER_UNREADABLE for a text that is
// none.
template <typename T>
[[nodiscard]] std::string AnswerText(const T& answer);
template <typename T>
[[nodiscard]] absl::StatusOr<T> AnswerOf(const std::string& text);

template <>
std::string AnswerText(const Sweep& answer);
template <>
absl::StatusOr<Sweep> AnswerOf(const std::string& text);
template <>
std::string AnswerText(const Invocation& answer);
template <>
absl::StatusOr<Invocation> AnswerOf(const std::string& text);
template <>
std::string AnswerText(const Release& answer);
template <>
absl::StatusOr<Release> AnswerOf(const std::string& text);

// Runs `act`, once for a request however often it is sent, and keeps what it returns: an
// absl::StatusOr of an answer, or an absl::Status where there is nothing to answer with. Errors are
// not kept: the same request may be tried again.
template <typename Act>
[[nodiscard]] auto AnswerOnce(db::ConnectionPool& pool, const MutatingRequest& request, Act act)
    -> std::invoke_result_t<Act&, pqxx::work&> {
  using Result = std::invoke_result_t<Act&, pqxx::work&>;
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> Result {
    FLEETCAST_ASSIGN_OR_RETURN(const std::optional<std::string> first,
                               db::ClaimRequest(work, kSchema, request));
    if constexpr (std::is_same_v<Result, absl::Status>) {
      if (first) return absl::OkStatus();
      FLEETCAST_RETURN_IF_ERROR(act(work));
      return db::RecordAnswer(work, kSchema, request, "");
    } else {
      using Answer = typename Result::value_type;
      if (first) return AnswerOf<Answer>(*first);
      FLEETCAST_ASSIGN_OR_RETURN(Answer answer, act(work));
      FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, kSchema, request, AnswerText(answer)));
      return answer;
    }
  });
}

// The first answer of a request that may have been sent before; nullopt if this is the first.
template <typename Answer>
[[nodiscard]] absl::StatusOr<std::optional<Answer>> FindFirstAnswer(
    db::ConnectionPool& pool, const MutatingRequest& request) {
  return db::ReadInTransaction(
      pool, [&](pqxx::work& work) -> absl::StatusOr<std::optional<Answer>> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::optional<std::string> first,
                                   db::FindAnswer(work, kSchema, request));
        if (!first) return std::optional<Answer>();
        FLEETCAST_ASSIGN_OR_RETURN(Answer answer, AnswerOf<Answer>(*first));
        return std::optional<Answer>(std::move(answer));
      });
}

}  // namespace fleetcast::inference
