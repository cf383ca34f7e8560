#include "common/rpc/status.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fleetcast::rpc {
namespace {

constexpr char kDomain[] = "fleetcast";
constexpr int kMaxViolations = 20;
// Details and message share 8 KiB of trailers with everything else, in base64 and percent coding.
constexpr std::size_t kMaxDetailsBytes = 4096;
constexpr std::size_t kMaxMessageBytes = 1024;
constexpr std::size_t kMaxValueBytes = 256;

const char* ReasonOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case absl::StatusCode::kInternal:
      return "INTERNAL";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "DATA_LOSS";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

google::rpc::ErrorInfo ErrorInfoOf(const ErrorDetails& details) {
  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  info.set_reason(details.reason);
  for (const auto& [name, value] : details.metadata)
    (*info.mutable_metadata())[name] = PrintableUtf8(value, kMaxValueBytes);
  return info;
}

google::rpc::BadRequest BadRequestOf(const ErrorDetails& details, int violations) {
  google::rpc::BadRequest bad_request;
  for (int i = 0; i < violations; ++i) {
    auto* violation = bad_request.add_field_violations();
    violation->set_field(PrintableUtf8(details.field_violations[i].field, kMaxValueBytes));
    violation->set_description(
        PrintableUtf8(details.field_violations[i].description, kMaxValueBytes));
  }
  return bad_request;
}

google::rpc::Status Packed(const absl::Status& status, const ErrorDetails& details,
                           int violations) {
  google::rpc::Status packed;
  packed.set_code(static_cast<int>(status.code()));
  packed.set_message(PrintableUtf8(std::string(status.message()), kMaxMessageBytes));
  google::rpc::ErrorInfo info = ErrorInfoOf(details);
  if (violations < static_cast<int>(details.field_violations.size()))
    (*info.mutable_metadata())["field_violation_count"] =
        absl::StrCat(details.field_violations.size());
  packed.add_details()->PackFrom(info);
  if (violations > 0) packed.add_details()->PackFrom(BadRequestOf(details, violations));
  if (!details.resource_name.empty()) {
    google::rpc::ResourceInfo resource;
    resource.set_resource_type(details.resource_type);
    resource.set_resource_name(PrintableUtf8(details.resource_name, kMaxValueBytes));
    resource.set_description(PrintableUtf8(std::string(status.message()), kMaxValueBytes));
    packed.add_details()->PackFrom(resource);
  }
  if (details.retry_after) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = google::protobuf::util::TimeUtil::MillisecondsToDuration(
        absl::ToInt64Milliseconds(*details.retry_after));
    packed.add_details()->PackFrom(retry);
  }
  return packed;
}

void Unpack(const google::protobuf::Any& any, ErrorDetails& details) {
  if (google::rpc::ErrorInfo info; any.UnpackTo(&info)) {
    details.reason = info.reason();
    details.metadata = {info.metadata().begin(), info.metadata().end()};
  } else if (google::rpc::BadRequest bad_request; any.UnpackTo(&bad_request)) {
    for (const auto& violation : bad_request.field_violations())
      details.field_violations.push_back({violation.field(), violation.description()});
  } else if (google::rpc::ResourceInfo resource; any.UnpackTo(&resource)) {
    details.resource_type = resource.resource_type();
    details.resource_name = resource.resource_name();
  } else if (google::rpc::RetryInfo retry; any.UnpackTo(&retry)) {
    details.retry_after = absl::Milliseconds(
        google::protobuf::util::TimeUtil::DurationToMilliseconds(retry.retry_delay()));
  }
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  ErrorDetails details = DetailsOf(status).value_or(ErrorDetails{});
  if (details.reason.empty()) details.reason = ReasonOfCode(status.code());
  int violations = std::min<int>(kMaxViolations, static_cast<int>(details.field_violations.size()));
  google::rpc::Status packed = Packed(status, details, violations);
  while (packed.ByteSizeLong() > kMaxDetailsBytes && violations > 0)
    packed = Packed(status, details, --violations);
  if (packed.ByteSizeLong() > kMaxDetailsBytes) {
    details.metadata.clear();
    packed = Packed(status, details, 0);
  }
  return {static_cast<grpc::StatusCode>(status.code()), packed.message(),
          packed.SerializeAsString()};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status packed;
  if (status.error_details().empty() || !packed.ParseFromString(status.error_details()))
    return {code, PrintableUtf8(status.error_message(), kMaxMessageBytes)};
  ErrorDetails details;
  for (const auto& any : packed.details()) Unpack(any, details);
  if (details.reason.empty())
    return {code, PrintableUtf8(status.error_message(), kMaxMessageBytes)};
  return MakeError(code, status.error_message(), std::move(details));
}

}  // namespace fleetcast::rpc
