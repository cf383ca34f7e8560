#include "common/workqueue/rpc/failure_message.h"

namespace fleetcast::workqueue {
namespace {

v1::Failure::Kind MessageOf(FailureKind kind) {
  switch (kind) {
    case FailureKind::kData:
      return v1::Failure::KIND_DATA;
    case FailureKind::kConfiguration:
      return v1::Failure::KIND_CONFIGURATION;
    case FailureKind::kModel:
      return v1::Failure::KIND_MODEL;
    case FailureKind::kEnvironment:
      return v1::Failure::KIND_ENVIRONMENT;
    case FailureKind::kTimeout:
      return v1::Failure::KIND_TIMEOUT;
    case FailureKind::kInternal:
      return v1::Failure::KIND_INTERNAL;
  }
  return v1::Failure::KIND_UNSPECIFIED;
}

}  // namespace

v1::Failure MessageOf(const Failure& failure) {
  v1::Failure message;
  message.set_kind(MessageOf(failure.kind));
  message.set_reason(failure.reason);
  message.set_message(failure.message);
  message.set_attempt(failure.attempt);
  if (failure.time) Set(*failure.time, message.mutable_time());
  return message;
}

Failure FailureOf(const v1::Failure& message) {
  Failure failure{
      .reason = message.reason(), .message = message.message(), .attempt = message.attempt()};
  for (const FailureKind kind :
       {FailureKind::kData, FailureKind::kConfiguration, FailureKind::kModel,
        FailureKind::kEnvironment, FailureKind::kTimeout, FailureKind::kInternal})
    if (MessageOf(kind) == message.kind()) failure.kind = kind;
  if (message.has_time())
    failure.time =
        absl::FromUnixSeconds(message.time().seconds()) + absl::Nanoseconds(message.time().nanos());
  return failure;
}

void Set(absl::Time time, google::protobuf::Timestamp* message) {
  const std::int64_t micros = absl::ToUnixMicros(time);
  message->set_seconds(micros / 1'000'000);
  message->set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
}

}  // namespace fleetcast::workqueue
