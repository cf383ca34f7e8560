// A model as one file:
//   8 bytes   "FCMODEL3"
//   4 bytes   length of the header, little-endian
//   header    JSON: specification, input layout, scaling, and the tensors' names and shapes, with
//             spaces at its end up to a multiple of 64 bytes in the file
//   tensors   float32, little-endian, row-major, one after another in the header's order
//   32 bytes  SHA-256 of all before it
// Loading trusts nothing: the hash first, then every value against its range, then the tensors'
// list against the one that follows from the specification; only then is memory allotted.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/base/sha256.h"
#include "common/forecast/aligned.h"
#include "common/forecast/forecast.h"
#include "common/forecast/mapped_file.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/model_state.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensors are copied as they stand");

constexpr char kMagic[] = "FCMODEL3";
constexpr std::size_t kMagicBytes = 8, kLengthBytes = 4, kHashBytes = 32;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLongestHeader = 1 << 20;
constexpr std::size_t kLongestFile = 256u << 20;
constexpr char kResidualQuantiles[] = "interval.residual_quantiles";
constexpr std::int64_t kLongestStep = 366LL * 86'400;
constexpr std::int64_t kMostSeasonRows = 86'400, kMostDays = 366;

std::string RawSha256(std::string_view bytes) {
  const std::string hex = Sha256Hex(bytes);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    raw.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return raw;
}

absl::Status Corrupt(const std::string& what) {
  return Refused(absl::StatusCode::kDataLoss, "MODEL_FILE_CORRUPT",
                 "the model file is corrupt: " + what + "; fetch it again or train anew",
                 {{"problem", what}});
}

std::vector<WeightShape> TensorShapes(const ModelSpec& spec, const InputLayout& layout) {
  std::vector<WeightShape> shapes = Network::WeightShapes(layout.Shape(spec));
  shapes.push_back(
      {kResidualQuantiles, {static_cast<std::int64_t>(spec.interval_levels.size()), spec.horizon}});
  return shapes;
}

std::size_t ElementCount(const WeightShape& shape) {
  std::size_t count = 1;
  for (std::int64_t size : shape.sizes) count *= static_cast<std::size_t>(size);
  return count;
}

Json SpecJson(const ModelSpec& spec) {
  return {{"sequence_length", spec.sequence_length},
          {"horizon", spec.horizon},
          {"lstm_units", spec.lstm_units},
          {"dropout", spec.dropout},
          {"learning_rate", spec.learning_rate},
          {"batch_size", spec.batch_size},
          {"epochs", spec.epochs},
          {"interval_levels", spec.interval_levels},
          {"seed", spec.seed},
          {"precision", spec.precision},
          {"feature_columns", spec.feature_columns},
          {"target_column", spec.target_column}};
}

Json HeaderJson(const ModelParts& parts) {
  Json levels = Json::array();
  for (const ColumnScale& level : parts.scaling.levels) {
    levels.push_back({{"mean", level.mean}, {"scale", level.scale}});
  }
  Json tensors = Json::array();
  for (const WeightShape& shape : TensorShapes(parts.spec, parts.layout)) {
    tensors.push_back({{"name", shape.name}, {"shape", shape.sizes}});
  }
  return {{"spec", SpecJson(parts.spec)},
          {"layout",
           {{"step_seconds", parts.layout.step_seconds},
            {"season", parts.layout.season},
            {"days", parts.layout.days},
            {"week_cycle", parts.layout.week_cycle},
            {"earlier_days", parts.layout.earlier_days},
            {"other_columns", parts.layout.other_columns}}},
          {"scaling",
           {{"change", parts.scaling.change},
            {"season_change", parts.scaling.season_change},
            {"levels", levels}}},
          {"tensors", tensors}};
}

void AppendFloats(const std::vector<float>& values, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

// Reads typed members of a JSON object; the first that is absent or of another type is remembered.
class JsonReader {
 public:
  explicit JsonReader(const Json& object) : object_(object) {}

  std::int64_t Integer(const char* key, std::int64_t lowest, std::int64_t highest) {
    const Json* value = Find(key, [](const Json& v) { return v.is_number_integer(); });
    if (value == nullptr) return lowest;
    // An unsigned value above int64 would wrap.
    const bool wraps = value->is_number_unsigned() &&
                       value->get<std::uint64_t>() > static_cast<std::uint64_t>(highest);
    const std::int64_t number = wraps ? lowest : value->get<std::int64_t>();
    if (wraps || number < lowest || number > highest) Fail(key);
    return number;
  }
  std::uint64_t Unsigned(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_number_unsigned(); });
    return value == nullptr ? 0 : value->get<std::uint64_t>();
  }
  double Number(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_number(); });
    return value == nullptr ? 0 : value->get<double>();
  }
  bool Boolean(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_boolean(); });
    return value != nullptr && value->get<bool>();
  }
  std::string String(const char* key) {
    const Json* value = Find(key, [](const Json& v) { return v.is_string(); });
    return value == nullptr ? "" : value->get<std::string>();
  }
  // An array whose elements all satisfy `is_element`.
  template <typename T>
  std::vector<T> Array(const char* key, bool (Json::*is_element)() const noexcept) {
    const Json* value = Find(key, [is_element](const Json& v) {
      return v.is_array() &&
             std::all_of(v.begin(), v.end(), [&](const Json& e) { return (e.*is_element)(); });
    });
    return value == nullptr ? std::vector<T>() : value->get<std::vector<T>>();
  }
  const Json& Member(const char* key, Json::value_t type) {
    const Json* value = Find(key, [type](const Json& v) { return v.type() == type; });
    static const Json kNothing;
    return value == nullptr ? kNothing : *value;
  }
  void Fail(const std::string& key) {
    if (wrong_.empty()) wrong_ = key;
  }
  [[nodiscard]] absl::Status status() const {
    return wrong_.empty() ? absl::OkStatus() : Corrupt("its header's \"" + wrong_ + "\" is wrong");
  }

 private:
  template <typename Predicate>
  const Json* Find(const char* key, const Predicate& fits) {
    if (object_.is_object()) {
      const auto found = object_.find(key);
      if (found != object_.end() && fits(*found)) return &*found;
    }
    Fail(key);
    return nullptr;
  }

  const Json& object_;
  std::string wrong_;
};

absl::StatusOr<ModelSpec> ParseSpec(const Json& json) {
  JsonReader reader(json);
  const auto integer = [&](const char* key) {
    return static_cast<int>(reader.Integer(key, 0, 1 << 20));
  };
  ModelSpec spec;
  spec.sequence_length = integer("sequence_length");
  spec.horizon = integer("horizon");
  spec.lstm_units = integer("lstm_units");
  spec.dropout = reader.Number("dropout");
  spec.learning_rate = reader.Number("learning_rate");
  spec.batch_size = integer("batch_size");
  spec.epochs = integer("epochs");
  spec.interval_levels = reader.Array<double>("interval_levels", &Json::is_number);
  spec.seed = reader.Unsigned("seed");
  spec.precision = reader.String("precision");
  spec.feature_columns = reader.Array<std::string>("feature_columns", &Json::is_string);
  spec.target_column = reader.String("target_column");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  if (absl::Status status = ValidateSpec(spec); !status.ok()) {
    return Corrupt(std::string(status.message()));
  }
  return spec;
}

absl::StatusOr<InputLayout> ParseLayout(const Json& json, const ModelSpec& spec) {
  JsonReader reader(json);
  InputLayout layout;
  layout.sequence_length = spec.sequence_length;
  layout.horizon = spec.horizon;
  layout.step_seconds = reader.Integer("step_seconds", 1, kLongestStep);
  layout.season = static_cast<int>(reader.Integer("season", 0, kMostSeasonRows));
  layout.days = static_cast<int>(reader.Integer("days", 0, kMostDays));
  const std::size_t season = layout.days == 0 ? 0 : RowsPerDay(layout.step_seconds);
  if (layout.season != static_cast<int>(season) || (layout.days != 0 && season == 0)) {
    reader.Fail("season");
  }
  layout.week_cycle = reader.Boolean("week_cycle");
  layout.earlier_days = reader.Boolean("earlier_days");
  layout.other_columns = reader.Boolean("other_columns");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  return layout;
}

absl::StatusOr<Scaling> ParseScaling(const Json& json, const ModelSpec& spec) {
  JsonReader reader(json);
  Scaling scaling;
  scaling.change = reader.Number("change");
  const auto usable = [](double scale) { return std::isfinite(scale) && scale > 0; };
  if (!usable(scaling.change)) reader.Fail("change");
  scaling.season_change = reader.Number("season_change");
  if (!usable(scaling.season_change)) reader.Fail("season_change");
  const Json& levels = reader.Member("levels", Json::value_t::array);
  if (levels.size() != 1 + OtherColumns(spec).size()) reader.Fail("levels");
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  for (const Json& level : levels) {
    JsonReader entry(level);
    scaling.levels.push_back({entry.Number("mean"), entry.Number("scale")});
    if (!std::isfinite(scaling.levels.back().mean)) entry.Fail("mean");
    if (!usable(scaling.levels.back().scale)) entry.Fail("scale");
    FLEETCAST_RETURN_IF_ERROR(entry.status());
  }
  return scaling;
}

absl::Status CheckTensorList(const Json& list, const std::vector<WeightShape>& expected,
                             std::size_t bytes) {
  if (list.size() != expected.size()) return Corrupt("its list of tensors has another length");
  std::size_t expected_bytes = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    JsonReader reader(list[i]);
    const std::string name = reader.String("name");
    const auto shape = reader.Array<std::int64_t>("shape", &Json::is_number_integer);
    FLEETCAST_RETURN_IF_ERROR(reader.status());
    if (name != expected[i].name || shape != expected[i].sizes) {
      return Corrupt("tensor " + std::to_string(i) + " is not " + expected[i].name +
                     " in the shape that its specification asks for");
    }
    expected_bytes += ElementCount(expected[i]) * sizeof(float);
  }
  if (expected_bytes == bytes) return absl::OkStatus();
  return Corrupt("its tensors take " + std::to_string(bytes) + " bytes where " +
                 std::to_string(expected_bytes) + " are expected");
}

absl::Status CheckFinite(const float* values, const std::vector<WeightShape>& shapes) {
  for (const WeightShape& shape : shapes) {
    const float* end = values + ElementCount(shape);
    if (!std::all_of(values, end, [](float v) { return std::isfinite(v); })) {
      return Corrupt("tensor " + shape.name + " holds a value that is no finite number");
    }
    values = end;
  }
  return absl::OkStatus();
}

// Floats, and what keeps them where they are.
struct KeptFloats {
  const float* values;
  std::shared_ptr<const void> owner;
};

// Those of `bytes` where they lie, if `owner` keeps them there; else of a copy.
KeptFloats Keep(std::string_view bytes, std::shared_ptr<const void> owner) {
  if (owner != nullptr && reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) == 0) {
    return {reinterpret_cast<const float*>(bytes.data()), std::move(owner)};
  }
  const auto copy = std::make_shared<AlignedVector<float>>(bytes.size() / sizeof(float));
  if (!copy->empty()) std::memcpy(copy->data(), bytes.data(), bytes.size());
  return {copy->data(), copy};
}

// The parts of a file whose hash is right.
struct Sections {
  std::string_view header, tensors;
};

absl::StatusOr<Sections> Split(std::string_view bytes) {
  constexpr std::size_t kFixedBytes = kMagicBytes + kLengthBytes + kHashBytes;
  if (bytes.size() < kFixedBytes) return Corrupt("it ends within its first bytes");
  if (bytes.size() > kLongestFile) return Corrupt("it is longer than any model");
  if (bytes.substr(0, kMagicBytes) != kMagic) return Corrupt("it does not begin like a model file");
  const std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
  if (RawSha256(body) != bytes.substr(body.size())) return Corrupt("its SHA-256 does not match");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kMagicBytes, kLengthBytes);
  const std::string_view rest = body.substr(kMagicBytes + kLengthBytes);
  if (length > kLongestHeader || length > rest.size()) return Corrupt("its header is too long");
  return Sections{rest.substr(0, length), rest.substr(length)};
}

absl::StatusOr<ModelParts> ParseParts(std::string_view bytes, std::shared_ptr<const void> owner) {
  FLEETCAST_ASSIGN_OR_RETURN(Sections sections, Split(bytes));
  const Json header = Json::parse(sections.header, nullptr, /*allow_exceptions=*/false);
  if (header.is_discarded()) return Corrupt("its header is no JSON");
  JsonReader reader(header);
  const Json& spec_json = reader.Member("spec", Json::value_t::object);
  const Json& layout_json = reader.Member("layout", Json::value_t::object);
  const Json& scaling_json = reader.Member("scaling", Json::value_t::object);
  const Json& tensors_json = reader.Member("tensors", Json::value_t::array);
  FLEETCAST_RETURN_IF_ERROR(reader.status());
  FLEETCAST_ASSIGN_OR_RETURN(ModelSpec spec, ParseSpec(spec_json));
  FLEETCAST_ASSIGN_OR_RETURN(InputLayout layout, ParseLayout(layout_json, spec));
  FLEETCAST_ASSIGN_OR_RETURN(Scaling scaling, ParseScaling(scaling_json, spec));
  const std::vector<WeightShape> shapes = TensorShapes(spec, layout);
  FLEETCAST_RETURN_IF_ERROR(CheckTensorList(tensors_json, shapes, sections.tensors.size()));
  const KeptFloats floats = Keep(sections.tensors, std::move(owner));
  FLEETCAST_RETURN_IF_ERROR(CheckFinite(floats.values, shapes));

  const NetworkShape shape = layout.Shape(spec);
  const std::vector<std::size_t> offsets = WeightOffsets(shape);
  const std::vector<float> residual_quantiles(
      floats.values + offsets.back(), floats.values + offsets.back() + ElementCount(shapes.back()));
  if (std::any_of(residual_quantiles.begin(), residual_quantiles.end(),
                  [](float w) { return w < 0; })) {
    return Corrupt("an interval has a negative width");
  }
  const auto horizon = static_cast<std::ptrdiff_t>(spec.horizon);
  ModelParts parts{spec,
                   layout,
                   scaling,
                   {},
                   Network(shape, ViewOf(shape, offsets, floats.values), floats.owner)};
  for (auto row = residual_quantiles.begin(); row != residual_quantiles.end(); row += horizon) {
    parts.residual_quantiles.emplace_back(row, row + horizon);
  }
  return parts;
}

}  // namespace

std::string Model::Serialize() const {
  const ModelParts& parts = state_->parts;
  std::string header = HeaderJson(parts).dump();
  // The tensors begin on a cache line, so that a mapped file's can be used where they lie.
  while ((kMagicBytes + kLengthBytes + header.size()) % kAlignment != 0) header += ' ';
  const auto length = static_cast<std::uint32_t>(header.size());
  std::string bytes = kMagic;
  bytes.append(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes += header;
  for (const std::vector<float>& tensor : parts.network.CopyWeights()) AppendFloats(tensor, bytes);
  for (const std::vector<float>& row : parts.residual_quantiles) AppendFloats(row, bytes);
  return bytes + RawSha256(bytes);
}

absl::StatusOr<Model> Model::Parse(const std::string& bytes) {
  return CatchTorchErrors("loading a model", [&]() -> absl::StatusOr<Model> {
    FLEETCAST_ASSIGN_OR_RETURN(ModelParts parts, ParseParts(bytes, /*owner=*/nullptr));
    return ModelBuilder::Build(std::move(parts));
  });
}

absl::StatusOr<Model> Model::Map(const std::string& path) {
  return CatchTorchErrors("loading a model", [&]() -> absl::StatusOr<Model> {
    FLEETCAST_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
    const std::string_view bytes = file->bytes();
    FLEETCAST_ASSIGN_OR_RETURN(ModelParts parts, ParseParts(bytes, std::move(file)));
    return ModelBuilder::Build(std::move(parts));
  });
}

}  // namespace fleetcast::forecast
