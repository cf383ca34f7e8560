#include "services/inference/domain/list_filter.h"

#include <gtest/gtest.h>

namespace fleetcast::inference {
namespace {

constexpr char kFields[] = "state, tags.*, create_time";

absl::StatusOr<std::optional<Filter>> Prepare(const std::string& text) {
  return PrepareFilter(*ParseFilter(text), kFields, {"create_time"});
}

TEST(PrepareFilter, TurnsTimesIntoNumbersThatStoresCompare) {
  const auto filter = Prepare("create_time >= \"1970-01-01T00:01:00.5Z\"");
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_EQ((*filter)->value, "60.500000");
  EXPECT_EQ((*Prepare("create_time < \"1970-01-01T01:00:00+01:00\""))->value, "0.000000");
}

TEST(PrepareFilter, RefusesUnknownFieldsAndTimesThatAreNone) {
  EXPECT_TRUE(Prepare("state = FAILED AND tags.plant_id = \"P001\"").ok());
  EXPECT_FALSE(Prepare("colour = red").ok());
  EXPECT_FALSE(Prepare("state = FAILED OR create_time > yesterday").ok());
  EXPECT_FALSE(Prepare("").value().has_value());
}

}  // namespace
}  // namespace fleetcast::inference
