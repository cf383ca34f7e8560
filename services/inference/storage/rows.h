// Between Postgres rows and the domain: times, arrays, pages, bound parameters.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/page.h"
#include "common/base/status.h"
#include "common/db/connection_pool.h"
#include "common/db/filter_sql.h"
#include "common/db/transaction.h"
#include "services/inference/domain/deployment.h"

// A time column as microseconds since 1970, and a bound parameter of that form ("" is NULL) as a
// time.
#define FLEETCAST_MICROS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define FLEETCAST_TIME(parameter) \
  "(timestamptz 'epoch' + NULLIF(" parameter ", '')::bigint * interval '1 microsecond')"

namespace fleetcast::inference {

inline constexpr char kSchema[] = "inference";
// What one look of a watcher reads at most.
inline constexpr int kMostChanges = 500;

[[nodiscard]] absl::Time TimeOf(const pqxx::field& microseconds);
[[nodiscard]] std::optional<absl::Time> OptionalTimeOf(const pqxx::field& microseconds);
[[nodiscard]] std::string MicrosOf(absl::Time time);
[[nodiscard]] std::string MicrosOf(const std::optional<absl::Time>& time);  // "" for none
// Shortest text that reads back as the same number.
[[nodiscard]] std::string TextOf(double value);
[[nodiscard]] std::string SecondsOf(absl::Duration duration);
// The database's clock, not the transaction's beginning.
[[nodiscard]] absl::Time ReadClock(pqxx::work& work);
// "{1.5,2}"
[[nodiscard]] std::string NumberArray(const std::vector<double>& values);
// Columns of a deployment; what cannot be read has its default.
[[nodiscard]] Fallback FallbackOf(const pqxx::field& word);
[[nodiscard]] ForecastShape ShapeOf(const pqxx::field& json);
[[nodiscard]] std::optional<EarlierVersion> EarlierOf(const pqxx::row& deployment);
// Of a column array_to_string(…, ',').
[[nodiscard]] std::vector<std::string> SplitIds(const pqxx::field& joined);
[[nodiscard]] std::vector<double> SplitNumbers(const pqxx::field& joined);

// Parameters of one statement, all bound as text: the statement casts.
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::vector<std::string> values) : values_(std::move(values)) {}
  // "$n" of the value.
  std::string Bind(std::string value);
  // A condition for the rows that `filter` lets through.
  [[nodiscard]] absl::StatusOr<std::string> Bind(
      const std::optional<Filter>& filter,
      const std::function<absl::StatusOr<db::SqlField>(const std::string&)>& field_of);
  [[nodiscard]] pqxx::result Run(pqxx::work& work, const std::string& sql) const;

 private:
  std::vector<std::string> values_;
};

// Runs a statement with these parameters, bound as text.
pqxx::result Run(pqxx::work& work, const std::string& sql, std::vector<std::string> parameters);

// A page of `page.size` from a result of up to one row more, whose items have a PageKeyOf.
template <typename T>
[[nodiscard]] PageOf<T> CutPage(std::vector<T> items, const PageRequest& page) {
  PageOf<T> answer;
  const bool more = items.size() > static_cast<std::size_t>(page.size);
  if (more) items.erase(items.begin() + page.size, items.end());
  answer.items = std::move(items);
  if (more && !answer.items.empty()) answer.next_after = PageKeyOf(answer.items.back());
  return answer;
}

}  // namespace fleetcast::inference
