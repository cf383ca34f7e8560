// Between Postgres rows and the domain: times, JSON columns, pages, and requests answered once.
#pragma once

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <type_traits>
#include <utility>
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
#include "services/registry/domain/request.h"

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

// A JSON object of texts by key, which a GIN index of jsonb_path_ops serves for =.
[[nodiscard]] db::SqlField JsonTextField(const std::string& column, const std::string& key);

// The rows of a table from which a list takes its pages.
struct ListedRows {
  std::string table;
  std::string key;  // a number, unique among them
  bool greatest_first = true;
  std::string scope;  // which they are, the page's beginning included
};
// SELECT * of the `most` first of them that `condition` selects, without an order. What it reads
// follows from what there is to find, whatever Postgres takes the condition to select.
[[nodiscard]] std::string SelectFirst(const ListedRows& rows, const db::SqlCondition& condition,
                                      int most);

// Bounds the statements of this transaction to five seconds.
void BoundFilter(pqxx::work& work);
// `status` of a list with the filter `condition`; where that bound ended it, DEADLINE_EXCEEDED that
// names `indexed`, by which to narrow the list: FILTER_NOT_INDEXED with the fields that no index
// serves, or FILTER_TOO_WIDE if one does.
[[nodiscard]] absl::Status FilterStatus(const absl::Status& status,
                                        const db::SqlCondition& condition,
                                        const std::string& indexed);
// What `read` makes of a transaction that reads a page of `query`, bounded so if it has a filter.
template <typename Read>
[[nodiscard]] auto ReadList(db::ConnectionPool& pool, const ListQuery& query,
                            const db::SqlCondition& condition, const std::string& indexed,
                            Read read) -> std::invoke_result_t<Read&, pqxx::work&> {
  auto page = db::ReadInTransaction(pool, [&](pqxx::work& work) {
    if (query.filter) BoundFilter(work);
    return read(work);
  });
  if (!page.ok() && query.filter) return FilterStatus(page.status(), condition, indexed);
  return page;
}

// The rows, `most` at most, that `sql` gives, a slice at a time: however large rows are, only
// more are read than are taken. Once in a transaction.
class SlicedRows {
 public:
  SlicedRows(pqxx::work& work, const std::string& sql, const std::vector<std::string>& parameters,
             int most);
  // The next row, nullopt at the end.
  [[nodiscard]] std::optional<pqxx::row> Next();

 private:
  pqxx::work& work_;
  pqxx::result slice_;
  int at_ = 0;
  bool last_ = false;
};

// What a row adds to a page's bytes: about what the item made of it takes in a message.
[[nodiscard]] std::size_t BytesOf(const pqxx::row& row);

// The page that `sql` gives, which must select up to `page.size + 1` rows; the columns `sort_key`
// continue it. It also ends at kMaxPageBytes, but holds one item at least.
template <typename FromRow>
[[nodiscard]] auto ReadPage(pqxx::work& work, const std::string& sql,
                            const std::vector<std::string>& parameters, const PageRequest& page,
                            const std::vector<std::string>& sort_key, FromRow from_row)
    -> PageOf<std::invoke_result_t<FromRow, const pqxx::row&>> {
  PageOf<std::invoke_result_t<FromRow, const pqxx::row&>> answer;
  SlicedRows rows(work, sql, parameters, page.size + 1);
  std::optional<pqxx::row> last;
  std::size_t bytes = 0;
  while (const std::optional<pqxx::row> row = rows.Next()) {
    bytes += BytesOf(*row);
    const bool full = static_cast<int>(answer.items.size()) == page.size || bytes > kMaxPageBytes;
    if (full && !answer.items.empty()) {
      for (const std::string& column : sort_key) {
        answer.next_after.push_back((*last)[column].template as<std::string>());
      }
      break;
    }
    answer.items.push_back(from_row(*row));
    last = row;
  }
  return answer;
}

// Runs `change` in a transaction unless `request` was answered before; then gives what `again`
// makes of the first answer: the same, whatever has happened since. `answer_of` is that answer as
// it is kept for the next time.
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
