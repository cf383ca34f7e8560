#include "cli/views/data_check_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace fleetcast::cli {
namespace {

CheckedData Data() {
  CheckedData data{.place = "postgres table readings, sensor_id = S1"};
  sensordata::DataCheck& check = data.check;
  check.profile.row_count = 3;
  check.profile.step_seconds = 300;
  check.step_changes = {{86'400, 3600, 300}};
  check.break_hours = {};
  check.columns.resize(1);
  check.columns[0].statistics.name = "a\x1b[31m";
  check.columns[0].statistics.missing = 3;
  check.columns[0].bad_quality = 1;
  check.columns[0].median = std::nan("");
  check.profile.columns = {check.columns[0].statistics};
  return data;
}

TEST(DataCheckView, OfAColumnWithoutReadingsShowsNoNumbers) {
  const std::string text = DataCheckText(Data(), Terminal{});
  EXPECT_NE(text.find("a\\x1B[31m        2    1        -       -        -      0"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("nothing irregular"), std::string::npos);
  EXPECT_EQ(text.find("written with"), std::string::npos);
}

TEST(DataCheckView, AsJsonHasNullWhereThereIsNoNumber) {
  const auto json = DataCheckJson(Data());
  EXPECT_TRUE(json.at("dialect").is_null());
  EXPECT_TRUE(json.at("columns")[0].at("median").is_null());
  EXPECT_EQ(json.at("columns")[0].at("missing"), 2);
  EXPECT_EQ(json.at("step_changes")[0].at("time"), "1970-01-02T00:00:00Z");
  EXPECT_EQ(json.at("step_changes")[0].at("after_seconds"), 300);
}

}  // namespace
}  // namespace fleetcast::cli
