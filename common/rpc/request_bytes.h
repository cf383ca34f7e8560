// What a caller is told whose message cannot be parsed: gRPC would say INTERNAL, without a word.
// The generated services are compiled with this header before all others
// (_fleetcast_compile_protos), so that every unary method reads its request through it.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <string>

namespace fleetcast::rpc {

// INVALID_ARGUMENT: NOT_UTF8 naming the first field of `bytes` whose text is not UTF-8, else
// MESSAGE_DAMAGED. `message` tells which message they should have been.
[[nodiscard]] grpc::Status UnparsedRequest(const google::protobuf::MessageLite& message,
                                           const std::string& bytes);

}  // namespace fleetcast::rpc

namespace grpc {

template <>
class SerializationTraits<google::protobuf::MessageLite> {
 public:
  static Status Serialize(const google::protobuf::MessageLite& message, ByteBuffer* buffer,
                          bool* own_buffer) {
    return GenericSerialize<ProtoBufferWriter, google::protobuf::MessageLite>(message, buffer,
                                                                              own_buffer);
  }
  static Status Deserialize(ByteBuffer* buffer, google::protobuf::MessageLite* message) {
    if (buffer == nullptr) return Status(StatusCode::INTERNAL, "No payload");
    Status status = Parse(*buffer, *message);
    buffer->Clear();
    return status;
  }

 private:
  static Status Parse(ByteBuffer& buffer, google::protobuf::MessageLite& message) {
    ProtoBufferReader reader(&buffer);
    if (!reader.status().ok()) return reader.status();
    if (message.ParseFromZeroCopyStream(&reader)) return Status::OK;
    ProtoBufferReader again(&buffer);
    std::string bytes;
    const void* part = nullptr;
    int size = 0;
    while (again.Next(&part, &size)) {
      bytes.append(static_cast<const char*>(part), static_cast<std::size_t>(size));
    }
    return fleetcast::rpc::UnparsedRequest(message, bytes);
  }
};

}  // namespace grpc
