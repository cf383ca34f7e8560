// From a domain's answer to gRPC's, and times between the two.
#pragma once

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/status.h"

namespace fleetcast::registry {

// `handle` gives an absl::StatusOr of the reply.
template <typename Reply, typename Handle>
[[nodiscard]] grpc::Status Answer(Reply* reply, Handle&& handle) {
  absl::StatusOr<Reply> answer = handle();
  if (!answer.ok()) return rpc::ToGrpc(answer.status());
  *reply = *std::move(answer);
  return grpc::Status::OK;
}

[[nodiscard]] google::protobuf::Timestamp TimeToProto(absl::Time time);
// INVALID_ARGUMENT naming `field` outside the years 1 to 9999.
[[nodiscard]] absl::StatusOr<absl::Time> TimeFromProto(const std::string& field,
                                                       const google::protobuf::Timestamp& time);

template <typename Value, typename ProtoMap>
[[nodiscard]] std::map<std::string, Value> MapFromProto(const ProtoMap& map) {
  return {map.begin(), map.end()};
}

template <typename Map, typename ProtoMap>
void MapToProto(const Map& map, ProtoMap* proto) {
  proto->insert(map.begin(), map.end());
}

}  // namespace fleetcast::registry
