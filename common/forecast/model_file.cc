// Keeping a model: see model_files.h. Loading trusts nothing: each file's hash first, then every
// value against its range, then the tensors against those that follow from the specification.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/base/tar.h"
#include "common/forecast/aligned.h"
#include "common/forecast/forecast.h"
#include "common/forecast/mapped_file.h"
#include "common/forecast/model_files.h"
#include "common/forecast/onnx_graph.h"
#include "common/forecast/onnx_tensors.h"

namespace fleetcast::forecast {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie");

constexpr std::size_t kLongestFile = 256u << 20;

// The bytes of a model's files, and what keeps them where they are.
struct ModelFiles {
  std::string_view onnx, json, mlmodel;
  std::shared_ptr<const void> owner;
};

std::size_t ElementCount(const WeightShape& shape) {
  std::size_t count = 1;
  for (std::int64_t size : shape.sizes) count *= static_cast<std::size_t>(size);
  return count;
}

// Floats, and what keeps them where they are.
struct KeptFloats {
  const float* values;
  std::shared_ptr<const void> owner;
};

// Those of `bytes` where they lie, if a float can lie there; else of a copy.
KeptFloats Keep(std::string_view bytes, const std::shared_ptr<const void>& owner) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) == 0) {
    return {reinterpret_cast<const float*>(bytes.data()), owner};
  }
  const auto copy = std::make_shared<AlignedVector<float>>(bytes.size() / sizeof(float));
  if (!copy->empty()) std::memcpy(copy->data(), bytes.data(), bytes.size());
  return {copy->data(), copy};
}

absl::Status CheckTensor(const OnnxTensor& tensor, const WeightShape& expected) {
  if (tensor.name != expected.name || tensor.data_type != kOnnxFloat ||
      tensor.sizes != expected.sizes ||
      tensor.bytes.size() != ElementCount(expected) * sizeof(float)) {
    return CorruptFile(kOnnxName,
                       absl::StrCat("its tensor \"", tensor.name, "\" is not ", expected.name,
                                    " in the shape that model.json asks for"));
  }
  for (std::size_t at = 0; at < tensor.bytes.size(); at += sizeof(float)) {
    float value = 0;
    std::memcpy(&value, tensor.bytes.data() + at, sizeof(float));
    if (std::isfinite(value)) continue;
    return CorruptFile(kOnnxName,
                       "tensor " + expected.name + " holds a value that is no finite number");
  }
  return absl::OkStatus();
}

// With weights where they lie in `file`, which `owner` keeps there.
absl::StatusOr<Network> NetworkIn(std::string_view file, const std::shared_ptr<const void>& owner,
                                  const ModelDescription& description) {
  const absl::StatusOr<std::vector<OnnxTensor>> tensors = FindOnnxTensors(file);
  if (!tensors.ok()) return CorruptFile(kOnnxName, std::string(tensors.status().message()));
  const NetworkShape shape =
      description.layout.Shape(description.spec, static_cast<int>(description.columns.size()));
  const std::optional<V1Inputs>& v1 = description.v1;
  const std::vector<WeightShape> expected =
      v1 ? V1WeightShapes(shape, *v1) : OnnxWeightShapes(shape);
  if (tensors->size() < expected.size()) return CorruptFile(kOnnxName, "it lacks tensors");
  std::vector<const float*> values;
  std::vector<std::shared_ptr<const void>> owners;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    FLEETCAST_RETURN_IF_ERROR(CheckTensor((*tensors)[i], expected[i]));
    const KeptFloats kept = Keep((*tensors)[i].bytes, owner);
    values.push_back(kept.values);
    owners.push_back(kept.owner);
  }
  if (v1) {
    const auto linear =
        std::make_shared<const std::vector<float>>(ArrangeV1(values.back(), *v1, shape));
    const auto bias =
        std::make_shared<const std::vector<float>>(static_cast<std::size_t>(shape.horizon), 0.0F);
    values.back() = linear->data();
    values.push_back(bias->data());
    owners.insert(owners.end(), {linear, bias});
  }
  return Network(shape, ViewOfOnnx(shape, values),
                 std::make_shared<const std::vector<std::shared_ptr<const void>>>(owners));
}

absl::StatusOr<ModelParts> ParseParts(const ModelFiles& files) {
  FLEETCAST_ASSIGN_OR_RETURN(ModelDescription description, ParseModelJson(files.json));
  if (files.onnx.size() > kLongestFile)
    return CorruptFile(kOnnxName, "it is longer than any model");
  if (Sha256Hex(files.onnx) != description.onnx_sha256) {
    return CorruptFile(kOnnxName, "it is not the file that model.json names by its SHA-256");
  }
  if (files.mlmodel != WriteMlmodel(description)) {
    return CorruptFile(kMlmodelName, "it is not the one that belongs to model.json");
  }
  FLEETCAST_ASSIGN_OR_RETURN(Network network, NetworkIn(files.onnx, files.owner, description));
  return ModelParts{.spec = std::move(description.spec),
                    .columns = std::move(description.columns),
                    .plausible = std::move(description.plausible),
                    .layout = description.layout,
                    .scaling = std::move(description.scaling),
                    .calendar = std::move(description.calendar),
                    .intervals = std::move(description.intervals),
                    .network = std::move(network),
                    .base_alone = description.base_alone,
                    .training_record = std::move(description.training_record)};
}

absl::StatusOr<ModelFiles> FilesInTar(std::string_view bytes) {
  const auto corrupt = [](const std::string& what) { return CorruptFile("the archive", what); };
  if (bytes.size() > kLongestFile) return corrupt("it is longer than any model");
  const absl::StatusOr<std::vector<TarFile>> found = FindInTar(bytes);
  if (!found.ok()) return corrupt(std::string(found.status().message()));
  std::map<std::string, std::string_view> files;
  for (const TarFile& file : *found) {
    if (!files.emplace(file.name, file.bytes).second) return corrupt(file.name + " is in it twice");
  }
  for (const char* name : {kOnnxName, kModelJsonName, kMlmodelName}) {
    if (!files.contains(name)) return CorruptFile(name, "it is missing");
  }
  return ModelFiles{.onnx = files[kOnnxName],
                    .json = files[kModelJsonName],
                    .mlmodel = files[kMlmodelName],
                    .owner = nullptr};
}

using MappedFiles = std::array<std::shared_ptr<const MappedFile>, 3>;

absl::StatusOr<ModelFiles> FilesInFolder(const std::string& folder) {
  const auto mapped = std::make_shared<MappedFiles>();
  std::size_t at = 0;
  for (const char* name : {kOnnxName, kModelJsonName, kMlmodelName}) {
    FLEETCAST_ASSIGN_OR_RETURN(mapped->at(at++), MappedFile::Open(folder + "/" + name));
  }
  return ModelFiles{.onnx = mapped->at(0)->bytes(),
                    .json = mapped->at(1)->bytes(),
                    .mlmodel = mapped->at(2)->bytes(),
                    .owner = mapped};
}

absl::StatusOr<ModelFiles> MappedFilesAt(const std::string& path) {
  std::error_code ignored;  // what is no folder is opened, and refused there
  if (std::filesystem::is_directory(path, ignored)) return FilesInFolder(path);
  FLEETCAST_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  FLEETCAST_ASSIGN_OR_RETURN(ModelFiles files, FilesInTar(file->bytes()));
  files.owner = std::move(file);
  return files;
}

}  // namespace

absl::Status CorruptFile(const std::string& file, const std::string& problem) {
  return Refused(
      absl::StatusCode::kDataLoss, "MODEL_FILE_CORRUPT",
      absl::StrCat("the model is corrupt: ", file, ": ", problem, "; fetch it again or train anew"),
      {{"file", file}, {"problem", problem}});
}

std::string Model::Serialize() const {
  const ModelParts& parts = state_->parts;
  const std::string onnx = WriteOnnx(parts);
  const ModelDescription description{.spec = parts.spec,
                                     .columns = parts.columns,
                                     .plausible = parts.plausible,
                                     .layout = parts.layout,
                                     .scaling = parts.scaling,
                                     .calendar = parts.calendar,
                                     .intervals = parts.intervals,
                                     .base_alone = parts.base_alone,
                                     .training_record = parts.training_record,
                                     .onnx_sha256 = Sha256Hex(onnx)};
  const std::string json = WriteModelJson(description), mlmodel = WriteMlmodel(description);
  // A tar's files begin at multiples of 512 bytes, so that the weights are aligned in it too.
  return PackTar({{.name = kOnnxName, .bytes = onnx},
                  {.name = kModelJsonName, .bytes = json},
                  {.name = kMlmodelName, .bytes = mlmodel}});
}

absl::StatusOr<Model> Model::Parse(std::string bytes) {
  return CatchTorchErrors("loading a model", [&]() -> absl::StatusOr<Model> {
    auto kept = std::make_shared<const std::string>(std::move(bytes));
    FLEETCAST_ASSIGN_OR_RETURN(ModelFiles files, FilesInTar(*kept));
    files.owner = std::move(kept);
    FLEETCAST_ASSIGN_OR_RETURN(ModelParts parts, ParseParts(files));
    return ModelBuilder::Build(std::move(parts));
  });
}

absl::StatusOr<Model> Model::Map(const std::string& path) {
  return CatchTorchErrors("loading a model", [&]() -> absl::StatusOr<Model> {
    FLEETCAST_ASSIGN_OR_RETURN(const ModelFiles files, MappedFilesAt(path));
    FLEETCAST_ASSIGN_OR_RETURN(ModelParts parts, ParseParts(files));
    return ModelBuilder::Build(std::move(parts));
  });
}

}  // namespace fleetcast::forecast
