#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "common/forecast/onnx_tensors.h"
#include "tests/unit/forecast/model_files.h"

namespace fleetcast::forecast {
namespace {

TEST(ModelFile, KeepsAllThatAForecastNeeds) {
  const TimeSeries history = DailyCycle(600);
  const auto copy = Model::Parse(SmallBytes());
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->Serialize(), SmallBytes());
  EXPECT_EQ(copy->input_rows(), SmallModel().model.input_rows());
  EXPECT_EQ(copy->spec().feature_columns, SmallSpec().feature_columns);
  EXPECT_EQ(copy->spec().learning_rate, SmallSpec().learning_rate);
  const auto expected = SmallModel().model.Forecast(history);
  const auto forecast = copy->Forecast(history);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  EXPECT_EQ(forecast->values, expected->values);
  EXPECT_EQ(forecast->intervals[1].upper, expected->intervals[1].upper);
}

TEST(ModelFile, SaysWhatItWasTrainedOnAndHowWellItDid) {
  ModelSpec spec = SmallSpec();
  spec.data_fingerprint = std::string(64, 'a');
  const auto trained = Train(DailyCycle(600), spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  const Json json = Files::Apart(trained->model.Serialize()).Description();
  EXPECT_EQ(json["spec"]["data_fingerprint"], spec.data_fingerprint);
  EXPECT_EQ(json["spec"]["seed"], spec.seed);
  const Json& training = json["training"];
  EXPECT_EQ(training["data"]["rows"], 600);
  EXPECT_EQ(training["split"]["test"]["begin"], trained->test_rows.begin);
  EXPECT_EQ(training["best_epoch"], trained->best_epoch);
  EXPECT_EQ(training["metrics"]["test"]["mae"], trained->test.mae);
  EXPECT_EQ(training["metrics"]["validation"]["by_step"].size(), 6U);
  EXPECT_EQ(json["intervals"].size(), 2U);
  double weights = 0;
  for (const Json& member : training["members"]) weights += member["weight"].get<double>();
  EXPECT_GT(weights, 0.999);  // with what the others lack to 1
  EXPECT_EQ(training["members"].back()["name"], "the last value again");
  EXPECT_TRUE(training["remarks"].is_array());
}

std::string WriteTemporary(const std::string& name, const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// A fresh folder with the three files.
std::filesystem::path WriteFolder(const std::string& name, const Files& files) {
  const std::filesystem::path folder = ::testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "model.onnx", std::ios::binary) << files.onnx;
  std::ofstream(folder / "model.json", std::ios::binary) << files.json;
  std::ofstream(folder / "MLmodel", std::ios::binary) << files.mlmodel;
  return folder;
}

void ExpectSmallModel(const absl::StatusOr<Model>& model) {
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->Serialize(), SmallBytes());
  const TimeSeries history = DailyCycle(600);
  const auto forecast = model->Forecast(history);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  EXPECT_EQ(forecast->values, SmallModel().model.Forecast(history)->values);
}

TEST(ModelFile, IsMappedAndForecastsEvenAfterItIsDeleted) {
  const std::string path = WriteTemporary("mapped.tar", SmallBytes());
  const auto mapped = Model::Map(path);
  std::filesystem::remove(path);
  ExpectSmallModel(mapped);
}

TEST(ModelFile, IsMappedAsAFolderToo) {
  const std::filesystem::path folder = WriteFolder("mapped_folder", SmallFiles());
  const auto mapped = Model::Map(folder);
  std::filesystem::remove_all(folder);
  ExpectSmallModel(mapped);
}

TEST(ModelFile, IsNotMappedWhereItIsAbsentEmptyOrChanged) {
  EXPECT_EQ(ReasonOf(Model::Map("/nonexistent/model").status()), "MODEL_FILE_UNREADABLE");
  EXPECT_EQ(ReasonOf(Model::Map(WriteTemporary("empty.tar", "")).status()), "MODEL_FILE_CORRUPT");
  const std::filesystem::path folder = WriteFolder("without_json", SmallFiles());
  std::filesystem::remove(folder / "model.json");
  const absl::Status status = Model::Map(folder).status();
  EXPECT_EQ(ReasonOf(status), "MODEL_FILE_UNREADABLE");
  EXPECT_NE(status.message().find("model.json"), std::string::npos) << status;
}

// Its weights lie where the tensors' alignment wants them, so that a mapped file's are used there.
TEST(ModelFile, HasItsWeightsOnCacheLines) {
  const std::string bytes = SmallBytes();
  const std::vector<TarFile> files = FindInTar(bytes).value();
  for (const TarFile& file : files) {
    if (file.name != "model.onnx") continue;
    std::size_t floats = 0;
    const auto tensors = FindOnnxTensors(file.bytes);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    for (const OnnxTensor& tensor : *tensors) {
      if (tensor.data_type != kOnnxFloat) continue;
      ++floats;
      EXPECT_EQ((tensor.bytes.data() - bytes.data()) % 64, 0) << tensor.name;
    }
    EXPECT_EQ(floats, 9U);
  }
}

// As a file written by someone else may be: the same tensors at odd places.
TEST(ModelFile, WithTensorsThatAreNotAlignedIsMappedToo) {
  Files files = SmallFiles();
  const std::string description("\x32\x01x", 3);  // field 6: a description of one letter
  files.ReplaceOnnx(description + files.onnx);
  const auto mapped = Model::Map(WriteFolder("odd", files));
  ExpectSmallModel(mapped);
}

TEST(ModelFile, WithoutIntervalsIsKeptToo) {
  ModelSpec spec = SmallSpec();
  spec.interval_levels = {};
  spec.epochs = 1;
  const auto trained = Train(DailyCycle(300), spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto copy = Model::Parse(trained->model.Serialize());
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE(copy->Forecast(DailyCycle(300))->intervals.empty());
}

TEST(ModelFile, NamesTheFileWhicheverByteOfItIsChanged) {
  const Files good = SmallFiles();
  const std::vector<std::pair<std::string, std::string Files::*>> members = {
      {"model.onnx", &Files::onnx}, {"model.json", &Files::json}, {"MLmodel", &Files::mlmodel}};
  for (const auto& [name, member] : members) {
    for (std::size_t i = 0; i < (good.*member).size(); i += 7) {
      Files changed = good;
      char& byte = (changed.*member)[i];
      byte = static_cast<char>(byte ^ (1 << (i % 8)));
      ExpectCorrupt(changed.Archive(), name, name + ", byte " + std::to_string(i));
    }
  }
}

TEST(ModelFile, NamesTheFileThatIsCutOrLengthened) {
  const Files good = SmallFiles();
  for (std::size_t size = 0; size < good.onnx.size(); size += 1 + size / 20) {
    Files cut = good;
    cut.onnx.resize(size);
    ExpectCorrupt(cut.Archive(), "model.onnx", "cut to " + std::to_string(size));
  }
  for (std::string Files::*member : {&Files::onnx, &Files::json, &Files::mlmodel}) {
    Files longer = good;
    longer.*member += " ";
    EXPECT_EQ(ReasonOf(Model::Parse(longer.Archive()).status()), "MODEL_FILE_CORRUPT");
  }
}

TEST(ModelFile, NamesTheFileThatIsAnotherModels) {
  ModelSpec spec = SmallSpec();
  spec.seed = 8;
  const auto other_model = Train(DailyCycle(600), spec, {}, nullptr);
  ASSERT_TRUE(other_model.ok()) << other_model.status();
  const Files good = SmallFiles(), other = Files::Apart(other_model->model.Serialize());
  Files swapped = good;
  swapped.onnx = other.onnx;
  ExpectCorrupt(swapped.Archive(), "model.onnx", "weights of another");
  swapped = good;
  swapped.json = other.json;
  ExpectCorrupt(swapped.Archive(), "model.onnx", "the description of another");
  swapped = good;
  swapped.mlmodel = other.mlmodel;
  ExpectCorrupt(swapped.Archive(), "MLmodel", "MLflow's file of another");
}

TEST(ModelFile, IsRefusedWhicheverByteOfTheArchiveIsChanged) {
  const std::string bytes = SmallBytes();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    // Where a tar's headers have their checksum, which may be written with zeros or spaces.
    if (i % 512 >= 148 && i % 512 < 156) continue;
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    if (Model::Parse(changed).ok()) FAIL() << "byte " << i << " of " << bytes.size();
  }
}

TEST(ModelFile, IsRefusedWhereverTheArchiveIsCut) {
  const std::string bytes = SmallBytes();
  const std::size_t needed = bytes.find_last_not_of('\0') + 1;
  for (std::size_t size = 0; size < needed; size += 1 + size / 50) {
    const absl::Status status = Model::Parse(bytes.substr(0, size)).status();
    EXPECT_EQ(ReasonOf(status), "MODEL_FILE_CORRUPT") << "cut to " << size << ": " << status;
  }
}

TEST(ModelFile, LackingAFileOrHavingItTwiceIsRefused) {
  const Files good = SmallFiles();
  const TarFile onnx{.name = "model.onnx", .bytes = good.onnx};
  const TarFile json{.name = "model.json", .bytes = good.json};
  const TarFile mlmodel{.name = "MLmodel", .bytes = good.mlmodel};
  ExpectCorrupt(PackTar({json, mlmodel}), "model.onnx", "without weights");
  ExpectCorrupt(PackTar({onnx, mlmodel}), "model.json", "without a description");
  ExpectCorrupt(PackTar({onnx, json}), "MLmodel", "without MLflow's file");
  ExpectCorrupt(PackTar({onnx, json, mlmodel, json}), "the archive", "one file twice");
}

TEST(ModelFile, OfAnotherKindIsRefused) {
  ExpectCorrupt("", "", "empty");
  ExpectCorrupt(std::string(1000, '\0'), "", "zeros");
  ExpectCorrupt("PK\x03\x04" + std::string(500, 'p'), "the archive", "a pickle's archive");
  std::mt19937_64 random(1);
  std::string noise;
  for (int i = 0; i < 4000; ++i) noise.push_back(static_cast<char>(random()));
  ExpectCorrupt(noise, "the archive", "noise");
}

}  // namespace
}  // namespace fleetcast::forecast
