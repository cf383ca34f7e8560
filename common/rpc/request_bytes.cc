#include "common/rpc/request_bytes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/rpc/status.h"

namespace fleetcast::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

// The path of the first text in `bytes`, a message of `type`, that is not UTF-8; a map's entry by
// the map's name.
std::optional<std::string> PathOfNoUtf8(const Descriptor& type, const std::string& bytes) {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return std::nullopt;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& unknown = fields.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(unknown.number());
    if (field == nullptr || unknown.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    const std::string& content = unknown.length_delimited();
    if (field->type() == FieldDescriptor::TYPE_STRING && !IsUtf8(content)) return field->name();
    if (field->type() != FieldDescriptor::TYPE_MESSAGE) continue;
    if (const auto path = PathOfNoUtf8(*field->message_type(), content))
      return field->is_map() ? field->name() : absl::StrCat(field->name(), ".", *path);
  }
  return std::nullopt;
}

}  // namespace

grpc::Status UnparsedRequest(const google::protobuf::MessageLite& message,
                             const std::string& bytes) {
  const std::string type = message.GetTypeName();
  if (const auto* known = dynamic_cast<const google::protobuf::Message*>(&message)) {
    if (const auto path = PathOfNoUtf8(*known->GetDescriptor(), bytes))
      return ToGrpc(InvalidField(*path, "is not UTF-8; send text in that encoding", "NOT_UTF8"));
  }
  return ToGrpc(Refused(
      absl::StatusCode::kInvalidArgument, "MESSAGE_DAMAGED",
      absl::StrCat("these bytes are no ", type, "; make them with the proto of this release"),
      {{"message", type}}));
}

}  // namespace fleetcast::rpc
