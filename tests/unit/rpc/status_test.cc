#include "common/rpc/status.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fleetcast::rpc {
namespace {

template <typename Detail>
std::optional<Detail> DetailIn(const grpc::Status& status) {
  google::rpc::Status packed;
  EXPECT_TRUE(packed.ParseFromString(status.error_details()));
  for (const auto& any : packed.details())
    if (Detail detail; any.UnpackTo(&detail)) return detail;
  return std::nullopt;
}

TEST(RpcStatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(RpcStatusTest, DetailsSurviveTheWayThereAndBack) {
  ErrorDetails details;
  details.reason = "POOL_EXHAUSTED";
  details.metadata = {{"size", "8"}};
  details.field_violations = {{"a", "bad"}};
  details.resource_type = "Run";
  details.resource_name = "runs/1";
  details.retry_after = absl::Milliseconds(1500);
  const absl::Status back =
      FromGrpc(ToGrpc(MakeError(absl::StatusCode::kResourceExhausted, "all busy", details)));
  EXPECT_EQ(back.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(back.message(), "all busy");
  const auto found = DetailsOf(back);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, "POOL_EXHAUSTED");
  EXPECT_EQ(found->metadata, details.metadata);
  EXPECT_EQ(found->field_violations[0].description, "bad");
  EXPECT_EQ(found->resource_name, "runs/1");
  EXPECT_EQ(found->retry_after, absl::Milliseconds(1500));
}

TEST(RpcStatusTest, OthersFindGoogleRpcDetails) {
  const grpc::Status status = ToGrpc(ResourceNotFound("Run", "runs/1", "list them"));
  EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(status)->domain(), "fleetcast");
  EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(status)->reason(), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(DetailIn<google::rpc::ResourceInfo>(status)->resource_name(), "runs/1");
}

TEST(RpcStatusTest, AStatusWithoutDetailsGetsTheReasonOfItsCode) {
  const grpc::Status status = ToGrpc(absl::InternalError("oh"));
  EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(status)->reason(), "INTERNAL");
}

TEST(RpcStatusTest, AtMostTwentyViolationsTravelAndTheirCount) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 50; ++i) violations.push_back({absl::StrCat("field", i), "bad"});
  const grpc::Status status = ToGrpc(InvalidFields(violations));
  EXPECT_EQ(DetailIn<google::rpc::BadRequest>(status)->field_violations_size(), 20);
  EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(status)->metadata().at("field_violation_count"), "50");
}

TEST(RpcStatusTest, WhatIsTooLongForTrailersIsCut) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 20; ++i)
    violations.push_back({std::string(3000, 'f'), std::string(3000, 'd')});
  const grpc::Status status = ToGrpc(InvalidFields(violations));
  EXPECT_LT(status.error_details().size() + status.error_message().size(), 6000u);
  EXPECT_TRUE(DetailIn<google::rpc::ErrorInfo>(status));

  std::map<std::string, std::string> metadata;
  for (int i = 0; i < 1000; ++i) metadata[absl::StrCat("key", i)] = "value";
  const grpc::Status many = ToGrpc(Refused(absl::StatusCode::kAborted, "R", "m", metadata));
  EXPECT_LT(many.error_details().size(), 4100u);
  EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(many)->reason(), "R");
}

TEST(RpcStatusTest, CuttingKeepsWholeCharacters) {
  std::string umlauts;
  for (int i = 0; i < 2000; ++i) umlauts += "ü";
  const grpc::Status status = ToGrpc(absl::InternalError("x" + umlauts));
  const std::string message = status.error_message();
  EXPECT_LT(message.size(), 1100u);
  EXPECT_EQ(message.substr(message.size() - 5), "ü…");
}

TEST(RpcStatusTest, ForeignDetailsAreDroppedAndCodeAndMessageKept) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::ABORTED, "message", "\xff\xff garbage"));
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "message");
  EXPECT_FALSE(DetailsOf(status));
}

}  // namespace
}  // namespace fleetcast::rpc
