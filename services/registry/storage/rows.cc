#include "services/registry/storage/rows.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;

constexpr int kSlice = 128;

// A tag that many versions have is soon met on the way back from the newest; one that few have is
// found by its index. Postgres cannot tell which it is (SqlCondition::contained), so both ways are
// gone by turns, as far as the better one would have come: a few rows of the walk, 500 at most, for
// each may be held against many values; what the index gives, if that is not too much; a longer
// walk; all that the index gives. All of them give rows that belong to the list, and the last one
// gone the first of them. Materialized, a way is planned for itself, is gone only as far as
// somebody asks, and goes on where it stopped.
constexpr char kFirstContained[] = R"(SELECT * FROM $table WHERE $scope AND $key IN (
WITH walked AS MATERIALIZED (
  SELECT $key, $condition AS hit FROM (
    SELECT * FROM $table WHERE $scope AND $known ORDER BY $key $direction LIMIT 10000) passed),
found AS MATERIALIZED (SELECT $key FROM $table WHERE $scope AND $condition),
near AS MATERIALIZED (
  SELECT $key FROM (SELECT * FROM walked LIMIT least(500, 5 * $most)) step WHERE hit LIMIT $most),
few AS MATERIALIZED (
  SELECT $key FROM found WHERE (SELECT count(*) FROM near) < $most
    AND (SELECT count(*) FROM (SELECT FROM walked LIMIT least(500, 5 * $most)) step)
        = least(500, 5 * $most) LIMIT 4001),
far AS MATERIALIZED (
  SELECT $key FROM walked WHERE hit AND (SELECT count(*) FROM few) > 4000 LIMIT $most)
SELECT $key FROM near UNION SELECT $key FROM few UNION SELECT $key FROM far UNION
SELECT $key FROM found
WHERE (SELECT count(*) FROM few) > 4000 AND (SELECT count(*) FROM far) < $most
ORDER BY $key $direction LIMIT $most))";
constexpr char kFirst[] =
    "SELECT * FROM $table WHERE $scope AND $condition ORDER BY $key $direction LIMIT $most";

// Five seconds, or what bounds a statement already if that is less.
constexpr char kBoundFilter[] =
    "SELECT set_config('statement_timeout', (1000 * least(5, nullif(extract(epoch FROM"
    " current_setting('statement_timeout')::interval), 0)))::int::text, true)";

// Calls `take` with each member of an object, whose key holds until then. Pages of wide rows are
// mostly this. Throws simdjson_error where the column holds no object.
template <typename Take>
void ForEachMember(const pqxx::field& json, Take take) {
  thread_local simdjson::ondemand::parser parser;
  const simdjson::padded_string text(json.c_str(), json.size());
  simdjson::ondemand::document document = parser.iterate(text);
  for (auto member : document.get_object()) {
    const std::string key(std::string_view(member.unescaped_key()));
    take(key, member.value());
  }
}

}  // namespace

absl::Time TimeOf(const pqxx::field& microseconds) {
  return absl::FromUnixMicros(microseconds.as<std::int64_t>());
}

std::int64_t MicrosecondsOf(absl::Time time) { return absl::ToUnixMicros(time); }

StringMap StringMapOf(const pqxx::field& json) {
  StringMap map;
  ForEachMember(json, [&](const std::string& key, auto value) {
    map[key] = std::string(std::string_view(value.get_string()));
  });
  return map;
}

NumberMap NumberMapOf(const pqxx::field& json) {
  NumberMap map;
  ForEachMember(json, [&](const std::string& key, auto value) { map[key] = value.get_double(); });
  return map;
}

std::string JsonOf(const StringMap& map) { return Json(map).dump(); }
std::string JsonOf(const NumberMap& map) { return Json(map).dump(); }

absl::StatusOr<std::int64_t> AfterNumber(const PageRequest& page, std::size_t index,
                                         std::int64_t first) {
  if (page.after.empty()) return first;
  std::int64_t number = 0;
  if (index < page.after.size() && absl::SimpleAtoi(page.after[index], &number)) return number;
  return InvalidField("page_token", "does not continue this request; begin again without one",
                      "INVALID_PAGE_TOKEN");
}

std::string AfterText(const PageRequest& page, std::size_t index) {
  return index < page.after.size() ? page.after[index] : "";
}

db::SqlField JsonTextField(const std::string& column, const std::string& key) {
  return {.expression = absl::StrCat(column, " ->> ?"),
          .parameters = {key},
          .contained = db::SqlField::Contained{.column = column, .key = key}};
}

std::string SelectFirst(const ListedRows& rows, const db::SqlCondition& condition, int most) {
  return absl::StrReplaceAll(condition.contained ? kFirstContained : kFirst,
                             {{"$table", rows.table},
                              {"$key", rows.key},
                              {"$direction", rows.greatest_first ? "DESC" : "ASC"},
                              {"$scope", rows.scope},
                              {"$most", absl::StrCat(most)},
                              {"$known", condition.known},
                              {"$condition", condition.text}});
}

void BoundFilter(pqxx::work& work) { work.exec1(kBoundFilter); }

absl::Status FilterStatus(const absl::Status& status, const db::SqlCondition& condition,
                          const std::string& indexed) {
  if (ReasonOf(status) != "POSTGRES_STATEMENT_TIMEOUT") return status;
  if (condition.unindexed.empty()) {
    return MakeError(
        absl::StatusCode::kDeadlineExceeded,
        absl::StrCat("filter: it takes too long to find what it selects; add, with AND, a "
                     "comparison of ",
                     indexed),
        {.reason = "FILTER_TOO_WIDE",
         .metadata = {{"indexed", indexed}},
         .field_violations = {{"filter", "takes too long"}},
         .resource_type = "",
         .resource_name = "",
         .retry_after = std::nullopt});
  }
  const std::string fields = absl::StrJoin(condition.unindexed, ", ");
  return MakeError(
      absl::StatusCode::kDeadlineExceeded,
      absl::StrCat("filter: no index serves the comparison of ", fields,
                   ", and reading all rows takes too long; add, with AND, a comparison of ",
                   indexed),
      {.reason = "FILTER_NOT_INDEXED",
       .metadata = {{"fields", fields}, {"indexed", indexed}},
       .field_violations = {{"filter", absl::StrCat("no index serves ", fields)}},
       .resource_type = "",
       .resource_name = "",
       .retry_after = std::nullopt});
}

SlicedRows::SlicedRows(pqxx::work& work, const std::string& sql,
                       const std::vector<std::string>& parameters, int most)
    : work_(work), last_(most <= kSlice) {
  const auto values = pqxx::prepare::make_dynamic_params(parameters);
  if (last_) {
    slice_ = work_.exec_params(sql, values);
  } else {
    work_.exec_params("DECLARE page NO SCROLL CURSOR FOR " + sql, values);
  }
}

std::optional<pqxx::row> SlicedRows::Next() {
  if (at_ == static_cast<int>(slice_.size())) {
    if (last_) return std::nullopt;
    slice_ = work_.exec(absl::StrCat("FETCH ", kSlice, " FROM page"));
    at_ = 0;
    last_ = static_cast<int>(slice_.size()) < kSlice;
    if (slice_.empty()) return std::nullopt;
  }
  return slice_[at_++];
}

std::size_t BytesOf(const pqxx::row& row) {
  constexpr std::size_t kNames = 200;  // resource names are longer than the ids in the row
  std::size_t bytes = kNames;
  for (const pqxx::field& field : row) bytes += field.size();
  return bytes;
}

}  // namespace fleetcast::registry
