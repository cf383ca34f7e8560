// Where the tensors of an ONNX file lie in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fleetcast::forecast {

// ONNX's number for float32.
inline constexpr int kOnnxFloat = 1;

struct OnnxTensor {
  std::string name;
  int data_type = 0;  // TensorProto.DataType
  std::vector<std::int64_t> sizes;
  std::string_view bytes;  // little-endian, row-major; part of the file
};

// The graph's initializers, in the file's order, without a copy of what is in them; the nodes are
// passed over. INVALID_ARGUMENT if `file` is no protobuf message of that form (or has a
// thousand of them); the message says where it breaks off.
[[nodiscard]] absl::StatusOr<std::vector<OnnxTensor>> FindOnnxTensors(std::string_view file);

}  // namespace fleetcast::forecast
