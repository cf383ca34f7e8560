#include "common/forecast/model_spec.h"

#include <cmath>
#include <set>
#include <sstream>
#include <utility>

#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kMostColumns = 256;
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kMostLevels = 16;

absl::Status Invalid(const std::string& field, const std::string& value, const std::string& rule) {
  return InvalidField(field, "is " + value + "; it must be " + rule, "HYPERPARAMETER_INVALID");
}

std::string Text(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

absl::Status CheckNumber(const std::string& field, double value, double lowest, double highest) {
  if (value >= lowest && value <= highest) return absl::OkStatus();
  return Invalid(field, Text(value), "from " + Text(lowest) + " to " + Text(highest));
}

absl::Status CheckName(const std::string& field, const std::string& name) {
  if (!name.empty() && name.size() <= kLongestName) return absl::OkStatus();
  return Invalid(field, "a name of " + std::to_string(name.size()) + " bytes",
                 "a column name of 1 to " + std::to_string(kLongestName) + " bytes");
}

absl::Status CheckLevels(const std::vector<double>& levels) {
  const std::string rule = "up to 16 percentages above 0 and below 100, ascending";
  if (levels.size() > kMostLevels) {
    return Invalid("interval_levels", std::to_string(levels.size()) + " levels", rule);
  }
  double previous = 0;
  for (double level : levels) {
    if (!(level > previous && level < 100)) {
      return Invalid("interval_levels", Text(level) + " after " + Text(previous), rule);
    }
    previous = level;
  }
  return absl::OkStatus();
}

absl::Status CheckBounds(const ModelSpec& spec) {
  for (const auto& [field, bound] :
       {std::pair("minimum", spec.minimum), std::pair("maximum", spec.maximum)}) {
    if (bound) FLEETCAST_RETURN_IF_ERROR(CheckNumber(field, *bound, -1e30, 1e30));
  }
  if (!spec.minimum || !spec.maximum || *spec.minimum < *spec.maximum) return absl::OkStatus();
  return Invalid("minimum", Text(*spec.minimum), "below maximum, which is " + Text(*spec.maximum));
}

absl::Status CheckColumns(const ModelSpec& spec) {
  FLEETCAST_RETURN_IF_ERROR(CheckName("target_column", spec.target_column));
  if (spec.feature_columns.size() > kMostColumns) {
    return Invalid("feature_columns", std::to_string(spec.feature_columns.size()) + " columns",
                   "at most " + std::to_string(kMostColumns));
  }
  std::set<std::string> seen;
  for (const std::string& column : spec.feature_columns) {
    FLEETCAST_RETURN_IF_ERROR(CheckName("feature_columns", column));
    if (!seen.insert(column).second) {
      return Invalid("feature_columns", "\"" + column + "\" twice", "a list of distinct columns");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateSpec(const ModelSpec& spec) {
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("sequence_length", spec.sequence_length, 1, 4096));
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("horizon", spec.horizon, 1, 1024));
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("lstm_units", spec.lstm_units, 1, 1024));
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("dropout", spec.dropout, 0, 0.9));
  if (!(spec.learning_rate > 0)) {
    return Invalid("learning_rate", Text(spec.learning_rate), "above 0 and at most 10");
  }
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("learning_rate", spec.learning_rate, 0, 10));
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("batch_size", spec.batch_size, 1, 4096));
  FLEETCAST_RETURN_IF_ERROR(CheckNumber("epochs", spec.epochs, 1, 10000));
  if (spec.precision != "float32") {
    return Invalid("precision", "\"" + spec.precision.substr(0, kLongestName) + "\"",
                   "\"float32\", the only one trained in (docs/performance.md says why)");
  }
  FLEETCAST_RETURN_IF_ERROR(CheckLevels(spec.interval_levels));
  FLEETCAST_RETURN_IF_ERROR(CheckBounds(spec));
  return CheckColumns(spec);
}

absl::Status ValidateSplit(const SplitShares& split) {
  if (split.train > 0 && split.validation > 0 && split.train + split.validation < 1) {
    return absl::OkStatus();
  }
  return Invalid("split", "train " + Text(split.train) + ", validation " + Text(split.validation),
                 "two shares above 0 that leave a rest for the test part");
}

}  // namespace fleetcast::forecast
