#include "common/forecast/model_spec.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "common/base/status.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

TEST(ModelSpec, OfTheExampleConfigurationIsAccepted) {
  ModelSpec spec;
  spec.feature_columns = {"temperature", "pressure", "vibration"};
  spec.target_column = "temperature";
  EXPECT_TRUE(ValidateSpec(spec).ok());
}

TEST(ModelSpec, OutOfRangeIsRefusedNamingTheField) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<std::string, std::function<void(ModelSpec&)>>> cases = {
      {"sequence_length", [](ModelSpec& s) { s.sequence_length = 0; }},
      {"sequence_length", [](ModelSpec& s) { s.sequence_length = 5000; }},
      {"horizon", [](ModelSpec& s) { s.horizon = 0; }},
      {"lstm_units", [](ModelSpec& s) { s.lstm_units = -1; }},
      {"dropout", [](ModelSpec& s) { s.dropout = 1; }},
      {"dropout", [nan](ModelSpec& s) { s.dropout = nan; }},
      {"learning_rate", [](ModelSpec& s) { s.learning_rate = 0; }},
      {"learning_rate", [nan](ModelSpec& s) { s.learning_rate = nan; }},
      {"learning_rate", [](ModelSpec& s) { s.learning_rate = 1e9; }},
      {"batch_size", [](ModelSpec& s) { s.batch_size = 0; }},
      {"epochs", [](ModelSpec& s) { s.epochs = 0; }},
      {"precision", [](ModelSpec& s) { s.precision = "float16"; }},
      {"interval_levels",
       [](ModelSpec& s) {
         s.interval_levels = {95, 80};
       }},
      {"interval_levels",
       [](ModelSpec& s) {
         s.interval_levels = {80, 80};
       }},
      {"interval_levels", [](ModelSpec& s) { s.interval_levels = {100}; }},
      {"interval_levels", [nan](ModelSpec& s) { s.interval_levels = {nan}; }},
      {"target_column", [](ModelSpec& s) { s.target_column = ""; }},
      {"feature_columns",
       [](ModelSpec& s) {
         s.feature_columns = {"a", "a"};
       }},
      {"feature_columns", [](ModelSpec& s) { s.feature_columns = {std::string(300, 'a')}; }},
  };
  for (const auto& [field, spoil] : cases) {
    ModelSpec spec = SmallSpec();
    spoil(spec);
    const absl::Status status = ValidateSpec(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_EQ(ReasonOf(status), "HYPERPARAMETER_INVALID") << field;
    EXPECT_EQ(DetailsOf(status)->metadata.at("field"), field);
  }
}

TEST(Split, MustLeaveEveryPartSomething) {
  EXPECT_TRUE(ValidateSplit({}).ok());
  for (const SplitShares& shares :
       {SplitShares{0, 0.5}, SplitShares{0.7, 0}, SplitShares{0.7, 0.3}, SplitShares{-1, 0.5}}) {
    EXPECT_EQ(ReasonOf(ValidateSplit(shares)), "HYPERPARAMETER_INVALID");
  }
}

}  // namespace
}  // namespace fleetcast::forecast
