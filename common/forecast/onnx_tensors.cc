#include "common/forecast/onnx_tensors.h"

#include <google/protobuf/io/coded_stream.h>

#include <functional>

#include "absl/strings/str_cat.h"

namespace fleetcast::forecast {
namespace {

using google::protobuf::io::CodedInputStream;

// Many times what a model has; each takes more memory here than a byte or two of the file.
constexpr std::size_t kMostTensors = 1'000;

// Field numbers of onnx.proto.
enum ModelField { kGraph = 7 };
enum GraphField { kInitializer = 5 };
enum TensorField { kSizes = 1, kDataType = 2, kName = 8, kRawData = 9 };
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Reads a message's fields where they lie.
class MessageReader {
 public:
  explicit MessageReader(std::string_view message)
      : message_(message),
        stream_(reinterpret_cast<const std::uint8_t*>(message.data()),
                static_cast<int>(message.size())) {}

  // False at the end, and where the message is broken: see ok().
  bool Next() {
    const std::uint32_t tag = stream_.ReadTag();
    if (tag == 0) {
      ok_ = stream_.ConsumedEntireMessage();
      return false;
    }
    field_ = static_cast<int>(tag >> 3);
    type_ = static_cast<int>(tag & 7);
    ok_ = ReadValue();
    return ok_;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool Is(int field, WireType type) const { return field_ == field && type_ == type; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  bool ReadValue() {
    switch (type_) {
      case kVarint:
        return stream_.ReadVarint64(&number_);
      case kFixed64:
        return stream_.ReadLittleEndian64(&number_);
      case kFixed32: {
        std::uint32_t value = 0;
        return stream_.ReadLittleEndian32(&value);
      }
      case kBytes: {
        int size = 0;
        if (!stream_.ReadVarintSizeAsInt(&size)) return false;
        const auto begin = static_cast<std::size_t>(stream_.CurrentPosition());
        if (static_cast<std::size_t>(size) > message_.size() - begin) return false;
        bytes_ = message_.substr(begin, static_cast<std::size_t>(size));
        return stream_.Skip(size);
      }
      default:
        return false;  // groups: none since 2008
    }
  }

  std::string_view message_;
  CodedInputStream stream_;
  int field_ = 0, type_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  bool ok_ = true;
};

bool ReadTensor(std::string_view message, OnnxTensor& tensor) {
  MessageReader reader(message);
  while (reader.Next()) {
    if (reader.Is(kSizes, kVarint)) {
      tensor.sizes.push_back(static_cast<std::int64_t>(reader.number()));
    } else if (reader.Is(kDataType, kVarint)) {
      tensor.data_type = static_cast<int>(reader.number());
    } else if (reader.Is(kName, kBytes)) {
      tensor.name = std::string(reader.bytes());
    } else if (reader.Is(kRawData, kBytes)) {
      tensor.bytes = reader.bytes();
    }
  }
  return reader.ok();
}

// Calls `body` with each message of `field`; false where one of them or `message` is broken.
bool ForEachMessage(std::string_view message, int field,
                    const std::function<bool(std::string_view)>& body) {
  MessageReader reader(message);
  while (reader.Next()) {
    if (reader.Is(field, kBytes) && !body(reader.bytes())) return false;
  }
  return reader.ok();
}

}  // namespace

absl::StatusOr<std::vector<OnnxTensor>> FindOnnxTensors(std::string_view file) {
  std::vector<OnnxTensor> tensors;
  const auto read_tensor = [&](std::string_view message) {
    return tensors.size() < kMostTensors && ReadTensor(message, tensors.emplace_back());
  };
  const auto read_graph = [&](std::string_view graph) {
    return ForEachMessage(graph, kInitializer, read_tensor);
  };
  if (ForEachMessage(file, kGraph, read_graph)) return tensors;
  return absl::InvalidArgumentError(
      absl::StrCat("it breaks off after ", tensors.size(), " tensors"));
}

}  // namespace fleetcast::forecast
