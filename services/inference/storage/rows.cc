#include "services/inference/storage/rows.h"

#include <charconv>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/inference/domain/deployment_json.h"

namespace fleetcast::inference {

absl::Time TimeOf(const pqxx::field& microseconds) {
  return absl::FromUnixMicros(microseconds.as<std::int64_t>());
}

std::optional<absl::Time> OptionalTimeOf(const pqxx::field& microseconds) {
  if (microseconds.is_null()) return std::nullopt;
  return TimeOf(microseconds);
}

std::string MicrosOf(absl::Time time) { return absl::StrCat(absl::ToUnixMicros(time)); }

std::string MicrosOf(const std::optional<absl::Time>& time) { return time ? MicrosOf(*time) : ""; }

std::string TextOf(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string SecondsOf(absl::Duration duration) { return TextOf(absl::ToDoubleSeconds(duration)); }

absl::Time ReadClock(pqxx::work& work) {
  return TimeOf(work.exec1("SELECT " FLEETCAST_MICROS("clock_timestamp()"))[0]);
}

std::string NumberArray(const std::vector<double>& values) {
  return absl::StrCat(
      "{",
      absl::StrJoin(values, ",", [](std::string* out, double value) { *out += TextOf(value); }),
      "}");
}

Fallback FallbackOf(const pqxx::field& word) {
  return nlohmann::json(word.as<std::string>()).get<Fallback>();
}

ForecastShape ShapeOf(const pqxx::field& json) {
  return FromJson<ForecastShape>(json.as<std::string>(), "a forecast's shape")
      .value_or(ForecastShape{});
}

std::optional<EarlierVersion> EarlierOf(const pqxx::row& deployment) {
  if (deployment["earlier_version"].is_null()) return std::nullopt;
  return EarlierVersion{.model_version = deployment["earlier_version"].as<std::int64_t>(),
                        .artifact_sha256 = deployment["earlier_sha256"].as<std::string>()};
}

std::vector<std::string> SplitIds(const pqxx::field& joined) {
  return absl::StrSplit(joined.as<std::string>(""), ',', absl::SkipEmpty());
}

std::vector<double> SplitNumbers(const pqxx::field& joined) {
  std::vector<double> numbers;
  for (const std::string& text : SplitIds(joined)) {
    double number = 0;
    if (absl::SimpleAtod(text, &number)) numbers.push_back(number);
  }
  return numbers;
}

std::string Parameters::Bind(std::string value) {
  values_.push_back(std::move(value));
  return absl::StrCat("$", values_.size());
}

absl::StatusOr<std::string> Parameters::Bind(
    const std::optional<Filter>& filter,
    const std::function<absl::StatusOr<db::SqlField>(const std::string&)>& field_of) {
  FLEETCAST_ASSIGN_OR_RETURN(
      db::SqlCondition condition,
      db::FilterToSql(filter, field_of, static_cast<int>(values_.size()) + 1));
  values_.insert(values_.end(), condition.parameters.begin(), condition.parameters.end());
  return std::move(condition.text);
}

pqxx::result Parameters::Run(pqxx::work& work, const std::string& sql) const {
  return work.exec_params(sql, pqxx::prepare::make_dynamic_params(values_));
}

pqxx::result Run(pqxx::work& work, const std::string& sql, std::vector<std::string> parameters) {
  return Parameters(std::move(parameters)).Run(work, sql);
}

}  // namespace fleetcast::inference
