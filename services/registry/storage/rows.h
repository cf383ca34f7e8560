// Between Postgres rows and the domain: times, JSON columns, pages, and requests answered once.
#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "common/base/status.h"
#include "common/db/connection_pool.h"
#include "common/db/filter_sql.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "services/registry/domain/checks.h"

namespace fleetcast::registry {

inline constexpr char kSchema[] = "registry";

// Times travel as microseconds since 1970: SELECT (extract(epoch FROM t) * 1000000)::bigint, and
// timestamptz 'epoch' + $1::bigint * interval '1 microsecond'.
[[nodiscard]] absl::Time TimeOf(const pqxx::field& microseconds);
[[nodiscard]] std::int64_t MicrosecondsOf(absl::Time time);

[[nodiscard]] StringMap StringMapOf(const pqxx::field& json);
[[nodiscard]] NumberMap NumberMapOf(const pqxx::field& json);
[[nodiscard]] std::string JsonOf(const StringMap& map);
[[nodiscard]] std::string JsonOf(const NumberMap& map);

// The `index`-th sort key of the page's last row as a number, `first` on the first page.
// INVALID_ARGUMENT on `page_token` if it is none.
[[nodiscard]] absl::StatusOr<std::int64_t> AfterNumber(const PageRequest& page, std::size_t index,
                                                       std::int64_t first);
// The same as text; "" on the first page.
[[nodiscard]] std::string AfterText(const PageRequest& page, std::size_t index);

// A page of `page.size` from a result of up to `page.size + 1` rows, whose columns `sort_key`
// continue it.
template <typename FromRow>
[[nodiscard]] auto PageFromRows(const pqxx::result& rows, const PageRequest& page,
                                const std::vector<std::string>& sort_key, FromRow from_row)
    -> PageOf<decltype(from_row(rows[0]))> {
  PageOf<decltype(from_row(rows[0]))> answer;
  const int size = std::min<int>(page.size, static_cast<int>(rows.size()));
  answer.items.reserve(size);
  for (int i = 0; i < size; ++i) answer.items.push_back(from_row(rows[i]));
  if (static_cast<int>(rows.size()) > page.size) {
    for (const std::string& column : sort_key) {
      answer.next_after.push_back(rows[size - 1][column].template as<std::string>());
    }
  }
  return answer;
}

// Runs `change` in a transaction unless `request` was answered before; then gives what `again`
// makes of the first answer. `answer_of` is that answer, kept for the next time.
template <typename T>
[[nodiscard]] absl::StatusOr<T> AnswerOnce(
    db::ConnectionPool& pool, const MutatingRequest& request,
    absl::FunctionRef<absl::StatusOr<T>(pqxx::work&)> change,
    absl::FunctionRef<std::string(const T&)> answer_of,
    absl::FunctionRef<absl::StatusOr<T>(pqxx::work&, const std::string& answer)> again) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<T> {
    FLEETCAST_ASSIGN_OR_RETURN(auto first, db::ClaimRequest(work, kSchema, request));
    if (first.has_value()) return again(work, *first);
    FLEETCAST_ASSIGN_OR_RETURN(T changed, change(work));
    FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, kSchema, request, answer_of(changed)));
    return changed;
  });
}

}  // namespace fleetcast::registry
