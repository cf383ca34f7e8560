#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

using Json = nlohmann::json;

// A model file taken apart, so that a hostile one with a right hash can be put together.
struct File {
  Json header;
  std::string tensors;

  [[nodiscard]] std::string Bytes() const { return BytesWith(header.dump()); }
  [[nodiscard]] std::string BytesWith(const std::string& header_text) const {
    const auto length = static_cast<std::uint32_t>(header_text.size());
    std::string bytes = "FCMODEL3";
    bytes.append(reinterpret_cast<const char*>(&length), 4);
    return Signed(bytes + header_text + tensors);
  }
  [[nodiscard]] static std::string Signed(std::string bytes) {
    const std::string hex = Sha256Hex(bytes);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return bytes;
  }
};

File Apart(const std::string& bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, 4);
  return {Json::parse(bytes.substr(12, length)),
          bytes.substr(12 + length, bytes.size() - 12 - length - 32)};
}

std::string SmallBytes() { return SmallModel().model.Serialize(); }

void ExpectCorrupt(const std::string& bytes, const std::string& what) {
  const auto model = Model::Parse(bytes);
  ASSERT_FALSE(model.ok()) << what;
  EXPECT_EQ(model.status().code(), absl::StatusCode::kDataLoss) << what;
  EXPECT_EQ(ReasonOf(model.status()), "MODEL_FILE_CORRUPT") << what;
}

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

std::string WriteTemporary(const std::string& name, const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(ModelFile, IsMappedAndForecastsEvenAfterItIsDeleted) {
  const TimeSeries history = DailyCycle(600);
  const std::string path = WriteTemporary("mapped.fcmodel", SmallBytes());
  const auto mapped = Model::Map(path);
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  std::filesystem::remove(path);
  EXPECT_EQ(mapped->Serialize(), SmallBytes());
  const auto forecast = mapped->Forecast(history);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  EXPECT_EQ(forecast->values, SmallModel().model.Forecast(history)->values);
}

TEST(ModelFile, IsNotMappedWhereItIsAbsentEmptyOrChanged) {
  EXPECT_EQ(ReasonOf(Model::Map("/nonexistent/model").status()), "MODEL_FILE_UNREADABLE");
  EXPECT_EQ(ReasonOf(Model::Map(WriteTemporary("empty.fcmodel", "")).status()),
            "MODEL_FILE_CORRUPT");
  std::string bytes = SmallBytes();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  EXPECT_EQ(ReasonOf(Model::Map(WriteTemporary("flipped.fcmodel", bytes)).status()),
            "MODEL_FILE_CORRUPT");
}

// Its header is as long as it pleases, so that the tensors lie at an odd address.
TEST(ModelFile, WithTensorsThatAreNotAlignedIsMappedToo) {
  const File file = Apart(SmallBytes());
  std::string header = file.header.dump();
  while ((12 + header.size()) % 4 != 1) header += ' ';
  const auto mapped = Model::Map(WriteTemporary("odd.fcmodel", file.BytesWith(header)));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  EXPECT_EQ(mapped->Serialize(), SmallBytes());
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

TEST(ModelFile, IsRefusedWhicheverByteIsChanged) {
  const std::string bytes = SmallBytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    if (Model::Parse(changed).ok()) FAIL() << "byte " << i << " of " << bytes.size();
  }
  std::string changed = bytes;
  changed[100] ^= 1;
  ExpectCorrupt(changed, "one bit");
}

TEST(ModelFile, IsRefusedWhereverItIsCutOrLengthened) {
  const std::string bytes = SmallBytes();
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
    ExpectCorrupt(bytes.substr(0, size), "cut to " + std::to_string(size));
  }
  ExpectCorrupt(bytes + "x", "longer");
  ExpectCorrupt(bytes + bytes, "twice");
}

TEST(ModelFile, OfAnotherKindIsRefused) {
  ExpectCorrupt("", "empty");
  ExpectCorrupt(std::string(1000, '\0'), "zeros");
  ExpectCorrupt(File::Signed("PK\x03\x04" + std::string(500, 'p')), "a pickle's archive");
  std::mt19937_64 random(1);
  std::string noise = "FCMODEL2";
  for (int i = 0; i < 4000; ++i) noise.push_back(static_cast<char>(random()));
  ExpectCorrupt(File::Signed(noise), "noise");
}

// From here on the hash is right: the file was made by someone who means harm.

TEST(ModelFile, WithAHeaderThatLiesIsRefused) {
  const File file = Apart(SmallBytes());
  const std::vector<std::pair<std::string, Json>> lies = {
      {"/spec/lstm_units", 1024},
      {"/spec/lstm_units", 2'000'000'000},
      {"/spec/lstm_units", -8},
      {"/spec/lstm_units", 8.5},
      {"/spec/lstm_units", "8"},
      {"/spec/sequence_length", 13},
      {"/spec/sequence_length", 0},
      {"/spec/horizon", 7},
      {"/spec/horizon", 18446744073709551615ULL},
      {"/spec/dropout", "none"},
      {"/spec/interval_levels", {80, "95"}},
      {"/spec/interval_levels", {95, 80}},
      {"/spec/interval_levels", {80}},
      {"/spec/feature_columns", {"load", 5}},
      {"/spec/feature_columns", {"load", "load"}},
      {"/spec/feature_columns", {"load", "weather", "third"}},
      {"/spec/target_column", ""},
      {"/spec/precision", "pickle"},
      {"/spec/seed", -1},
      {"/spec", Json::array()},
      {"/layout/season", 23},
      {"/layout/season", 0},
      {"/layout/days", 0},
      {"/layout/days", 5},
      {"/layout/days", 366},
      {"/layout/season", 1LL << 40},
      {"/layout/step_seconds", 0},
      {"/layout/week_cycle", 1},
      {"/scaling/change", 0},
      {"/scaling/change", nullptr},
      {"/scaling/levels", Json::array()},
      {"/scaling/levels/0/scale", -1},
      {"/scaling/levels/0/mean", "x"},
      {"/scaling/levels/0", 5},
      {"/tensors", Json::array()},
      {"/tensors/0/name", "lstm.other"},
      {"/tensors/0/shape", {32, 6}},
      {"/tensors/0/shape", {1LL << 62, 4}},
      {"/tensors/0/shape", {-1, -1}},
      {"/tensors/0", nullptr},
  };
  for (const auto& [pointer, value] : lies) {
    File lie = file;
    lie.header[Json::json_pointer(pointer)] = value;
    ExpectCorrupt(lie.Bytes(), pointer + " = " + value.dump());
  }
}

TEST(ModelFile, WithMissingHeaderMembersIsRefused) {
  const File file = Apart(SmallBytes());
  for (const auto& [section, members] : file.header.items()) {
    File without = file;
    without.header.erase(section);
    ExpectCorrupt(without.Bytes(), "without " + section);
    if (!members.is_object()) continue;
    for (const auto& [member, value] : members.items()) {
      without = file;
      without.header[section].erase(member);
      ExpectCorrupt(without.Bytes(), "without " + section + "." + member);
    }
  }
}

TEST(ModelFile, WithSwappedOrMissingTensorsIsRefused) {
  File file = Apart(SmallBytes());
  std::swap(file.header["tensors"][0], file.header["tensors"][1]);
  ExpectCorrupt(file.Bytes(), "swapped");
  file = Apart(SmallBytes());
  file.tensors.resize(file.tensors.size() - 4);
  ExpectCorrupt(file.Bytes(), "one float short");
  file = Apart(SmallBytes());
  file.tensors += "1234";
  ExpectCorrupt(file.Bytes(), "one float more");
}

TEST(ModelFile, WithAHeaderThatIsNoneIsRefused) {
  const File file = Apart(SmallBytes());
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("null"), std::string("[]"),
        std::string(1 << 19, '['), std::string((1 << 20) + 1, ' '),
        std::string("{\"spec\":\xff}")}) {
    ExpectCorrupt(file.BytesWith(text), "header of " + std::to_string(text.size()) + " bytes");
  }
  std::string bytes = "FCMODEL2\xff\xff\xff\xff";
  ExpectCorrupt(File::Signed(bytes + "{}"), "a header longer than the file");
}

TEST(ModelFile, WithANumberThatIsNoneIsRefused) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{400}}) {
      File file = Apart(SmallBytes());
      std::memcpy(file.tensors.data() + offset, &value, 4);
      ExpectCorrupt(file.Bytes(), "a weight that is " + std::to_string(value));
    }
  }
  File file = Apart(SmallBytes());
  const float negative = -1;
  std::memcpy(file.tensors.data() + file.tensors.size() - 4, &negative, 4);
  ExpectCorrupt(file.Bytes(), "an interval of negative width");
}

}  // namespace
}  // namespace fleetcast::forecast
