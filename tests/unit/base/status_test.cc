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

TEST(StatusTest, WhateverBytesAnErrorIsMadeOfItsTextsCanBeStoredAndSent) {
  const std::string bytes("T (\xB0\0\x1b[31m", 10);
  ErrorDetails details;
  details.reason = "R";
  details.metadata = {{"column", bytes}, {bytes, "key"}};
  details.field_violations = {{bytes, bytes}};
  details.resource_type = bytes;
  details.resource_name = bytes;
  const absl::Status status = MakeError(absl::StatusCode::kAborted, "in " + bytes, details);
  const std::string shown = "T (\\xB0\\x00\\x1B[31m";
  EXPECT_EQ(status.message(), "in " + shown);
  const auto found = DetailsOf(status);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->metadata,
            (std::map<std::string, std::string>{{"column", shown}, {shown, "key"}}));
  EXPECT_EQ(found->field_violations.at(0).field, shown);
  EXPECT_EQ(found->field_violations.at(0).description, shown);
  EXPECT_EQ(found->resource_type, shown);
  EXPECT_EQ(found->resource_name, shown);
}

TEST(StatusTest, TheTextsOfAnErrorAreBounded) {
  const std::string text(100'000, 'x');
  const absl::Status status = InvalidField(text, text);
  EXPECT_EQ(status.message().size(), 4096u);
  EXPECT_EQ(DetailsOf(status)->metadata.at("field").size(), 1024u);
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).description.size(), 1024u);
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
