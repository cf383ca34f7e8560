#include "common/base/status.h"

#include <gtest/gtest.h>

namespace fleetcast {
namespace {

TEST(StatusTest, DetailsSurviveUnchanged) {
  ErrorDetails details;
  details.reason = "QUOTA_EXCEEDED";
  details.metadata = {{"limit", "5"}, {"name", "ü\"\n"}};
  details.field_violations = {{"a.b[2]", "too long"}, {"c", "missing"}};
  details.resource_type = "TrainingRun";
  details.resource_name = "trainingRuns/1";
  details.retry_after = absl::Milliseconds(1500);
  const auto found = DetailsOf(MakeError(absl::StatusCode::kUnavailable, "busy", details));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, details.reason);
  EXPECT_EQ(found->metadata, details.metadata);
  ASSERT_EQ(found->field_violations.size(), 2u);
  EXPECT_EQ(found->field_violations[0].field, "a.b[2]");
  EXPECT_EQ(found->field_violations[1].description, "missing");
  EXPECT_EQ(found->resource_type, "TrainingRun");
  EXPECT_EQ(found->resource_name, "trainingRuns/1");
  EXPECT_EQ(found->retry_after, absl::Milliseconds(1500));
}

TEST(StatusTest, BytesThatAreNotUtf8DoNotBreakTheDetails) {
  const auto found = DetailsOf(Refused(absl::StatusCode::kAborted, "R", "m", {{"k", "\xff\xfe"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, "R");
}

TEST(StatusTest, AStatusWithoutDetailsHasNoReason) {
  EXPECT_FALSE(DetailsOf(absl::InternalError("plain")));
  EXPECT_EQ(ReasonOf(absl::InternalError("plain")), "");
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
}

TEST(StatusTest, AnInvalidFieldNamesItsFieldInTheMessageAndTheDetails) {
  const absl::Status status = InvalidField("page_size", "is negative");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "page_size: is negative");
  EXPECT_EQ(DetailsOf(status)->field_violations[0].field, "page_size");
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
}

TEST(StatusTest, SeveralInvalidFieldsAreAllNamed) {
  const absl::Status status = InvalidFields({{"a", "is bad"}, {"b", "is worse"}});
  EXPECT_EQ(status.message(), "a: is bad; b: is worse");
  EXPECT_EQ(DetailsOf(status)->field_violations.size(), 2u);
}

TEST(StatusTest, AMissingResourceIsNamedWithTheRemedy) {
  const absl::Status status = ResourceNotFound("Run", "runs/1", "list the runs");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "Run \"runs/1\" does not exist; list the runs");
  EXPECT_EQ(DetailsOf(status)->resource_name, "runs/1");
}

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return absl::InvalidArgumentError("odd");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  FLEETCAST_ASSIGN_OR_RETURN(const int half, Half(value));
  FLEETCAST_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(StatusTest, AssignOrReturnGivesTheValueOrTheError) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
}

}  // namespace
}  // namespace fleetcast
