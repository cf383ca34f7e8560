// Model files whose hashes are right and whose contents are not.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "common/forecast/onnx_tensors.h"
#include "tests/unit/forecast/model_files.h"

namespace fleetcast::forecast {
namespace {

TEST(HostileModelFile, WithADescriptionThatLiesIsRefused) {
  const std::vector<std::pair<std::string, Json>> lies = {
      {"/spec/lstm_units", 1024},
      {"/spec/lstm_units", 2'000'000'000},
      {"/spec/lstm_units", -8},
      {"/spec/lstm_units", 8.5},
      {"/spec/lstm_units", "8"},
      {"/spec/sequence_length", 4000},
      {"/spec/sequence_length", 0},
      {"/spec/horizon", 7},
      {"/spec/horizon", 18446744073709551615ULL},
      {"/spec/dropout", "none"},
      {"/spec/interval_levels", {80, "95"}},
      {"/spec/interval_levels", {95, 80}},
      {"/spec/interval_levels", {80}},
      {"/spec/feature_columns", {"load", 5}},
      {"/spec/feature_columns", {"load", "load"}},
      {"/spec/target_column", ""},
      {"/spec/precision", "pickle"},
      {"/spec/seed", -1},
      {"/spec", Json::array()},
      {"/format", "fleetcast.model/3"},
      {"/layout/season", 23},
      {"/layout/season", 0},
      {"/layout/days", 0},
      {"/layout/days", 5},
      {"/layout/days", 366},
      {"/layout/season", 1LL << 40},
      {"/layout/step_seconds", 0},
      {"/layout/week_cycle", 1},
      {"/layout/reach", 5},
      {"/layout/reach", 1LL << 40},
      {"/layout/segment", 0},
      {"/layout/segments", 1000},
      {"/layout/level_rows", 5000},
      {"/layout/fewest_readings", 0},
      {"/columns", Json::array()},
      {"/columns", {"weather"}},
      {"/columns", {"load", "unknown"}},
      {"/plausible", Json::array()},
      {"/plausible/0/lowest", "low"},
      {"/plausible/0/highest", -1e9},
      {"/plausible/0/jump", 0},
      {"/spec/minimum", "none"},
      {"/spec/minimum", 1e40},
      {"/scaling/change", 0},
      {"/scaling/change", nullptr},
      {"/scaling/levels", Json::array()},
      {"/scaling/levels/0/scale", -1},
      {"/scaling/levels/0/mean", "x"},
      {"/scaling/levels/0", 5},
      {"/intervals", Json::array()},
      {"/intervals/0/lower", {-1, -2}},
      {"/intervals/1/upper/3", -1},
      {"/intervals/1/lower/3", 1},
      {"/intervals/1/upper/3", nullptr},
      {"/intervals/1/upper/3", 1e300},
      {"/files/model.onnx/sha256", 5},
      {"/files/model.onnx", "here"},
      {"/training", "none"},
  };
  for (const auto& [pointer, value] : lies) {
    Files lie = SmallFiles();
    Json description = lie.Description();
    description[Json::json_pointer(pointer)] = value;
    lie.Describe(std::move(description));
    ExpectCorrupt(lie.Archive(), "", pointer + " = " + value.dump());
  }
}

TEST(HostileModelFile, WithMissingMembersIsRefused) {
  const Json good = SmallFiles().Description();
  for (const auto& [section, members] : good.items()) {
    // For other readers; or put back below.
    if (section == "input" || section == "sha256") continue;
    Files files = SmallFiles();
    Json without = good;
    without.erase(section);
    files.Describe(without);
    ExpectCorrupt(files.Archive(), "model.json", "without " + section);
    if (!members.is_object() || section == "training") continue;
    for (const auto& [member, value] : members.items()) {
      without = good;
      without[section].erase(member);
      files.Describe(without);
      ExpectCorrupt(files.Archive(), "model.json", "without " + section + "." + member);
    }
  }
}

TEST(HostileModelFile, WithADescriptionThatIsNoneIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("null"), std::string("[]"),
        std::string(1 << 19, '['), std::string((16 << 20) + 1, ' '), std::string("{\"spec\":\xff}"),
        "{\"sha256\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}"}) {
    Files files = SmallFiles();
    files.json = text;
    ExpectCorrupt(files.Archive(), "model.json", std::to_string(text.size()) + " bytes");
  }
}

// Puts `value` at the bytes of the tensor named `name`, `at` bytes after its begin.
template <typename Value>
std::string WithValue(std::string onnx, const std::string& name, std::size_t at, Value value) {
  const std::vector<OnnxTensor> tensors = FindOnnxTensors(onnx).value();
  for (const OnnxTensor& tensor : tensors) {
    if (tensor.name != name) continue;
    const auto begin = static_cast<std::size_t>(tensor.bytes.data() - onnx.data());
    std::memcpy(onnx.data() + begin + at, &value, sizeof(value));
  }
  return onnx;
}

TEST(HostileModelFile, WithANumberThatIsNoneIsRefused) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const char* tensor : {"lstm.input", "lstm.bias", "head.weight", "linear.weight"}) {
      Files files = SmallFiles();
      files.ReplaceOnnx(WithValue(files.onnx, tensor, 4, value));
      ExpectCorrupt(files.Archive(), std::string("model.onnx: tensor ") + tensor, "no number");
    }
  }
}

TEST(HostileModelFile, WithTensorsThatAreNotTheOnesAskedForIsRefused) {
  const std::string onnx = SmallFiles().onnx;
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string bytes = onnx;
    const std::size_t at = bytes.rfind(what);  // tensors come after nodes
    EXPECT_NE(at, std::string::npos) << what;
    return bytes.replace(at, what.size(), by);
  };
  const std::string dims("\x08\x01\x08\x20\x08\x08\x10\x01", 8);  // [1, 32, 8] of floats
  const std::vector<std::pair<std::string, std::string>> lies = {
      {"another name", replaced("lstm.recurrent", "lstm.recurrenz")},
      {"another shape", replaced(dims, std::string("\x08\x01\x08\x08\x08\x20\x10\x01", 8))},
      {"another type", replaced(dims, std::string("\x08\x01\x08\x20\x08\x08\x10\x06", 8))},
      {"an endless shape", replaced(dims, std::string("\x08\xff\xff\xff\xff\x7f\x10\x01", 8))},
      {"cut", onnx.substr(0, onnx.size() / 2)},
      {"nothing", ""},
      {"a group", "\x0b" + onnx},
      {"no tensors", std::string("\x3a\x00", 2)},
      {"a length beyond the end", std::string("\x3a\xff\xff\xff\xff\x07", 6)},
  };
  for (const auto& [what, bytes] : lies) {
    Files files = SmallFiles();
    files.ReplaceOnnx(bytes);
    ExpectCorrupt(files.Archive(), "model.onnx", what);
  }
}

TEST(HostileModelFile, WithAMillionTensorsTakesNoMemoryForThem) {
  std::string graph;
  for (int i = 0; i < 1'000'000; ++i) graph += std::string("\x2a\x00", 2);
  std::string onnx = "\x3a";
  for (std::size_t rest = graph.size(); rest > 0; rest >>= 7) {
    onnx.push_back(static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
  }
  Files files = SmallFiles();
  files.ReplaceOnnx(onnx + graph);
  ExpectCorrupt(files.Archive(), "model.onnx: it breaks off after 1000 tensors", "a million");
}

}  // namespace
}  // namespace fleetcast::forecast
