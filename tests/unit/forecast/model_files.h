// A model's files taken apart, and put together again by whoever means harm.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/tar.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {

using Json = nlohmann::json;

inline std::string SmallBytes() { return SmallModel().model.Serialize(); }

// A model's files, so that hostile ones whose hashes are right can be put together.
struct Files {
  std::string onnx, json, mlmodel;

  static Files Apart(const std::string& archive) {
    Files files;
    const std::vector<TarFile> found = FindInTar(archive).value();
    for (const TarFile& file : found) {
      std::string& to = file.name == "model.onnx"   ? files.onnx
                        : file.name == "model.json" ? files.json
                                                    : files.mlmodel;
      to = std::string(file.bytes);
    }
    return files;
  }
  [[nodiscard]] std::string Archive() const {
    return PackTar({{.name = "model.onnx", .bytes = onnx},
                    {.name = "model.json", .bytes = json},
                    {.name = "MLmodel", .bytes = mlmodel}});
  }
  [[nodiscard]] Json Description() const { return Json::parse(json); }
  // With a right hash of `description`, unless it has a wrong one.
  void Describe(Json description) {
    description.erase("sha256");
    description["sha256"] = Sha256Hex(description.dump(2) + "\n");
    json = description.dump(2) + "\n";
  }
  // With right hashes of all.
  void ReplaceOnnx(const std::string& bytes) {
    const std::string old_uuid = Sha256Hex(onnx).substr(0, 32);
    onnx = bytes;
    Json description = Description();
    description["files"]["model.onnx"]["sha256"] = Sha256Hex(onnx);
    Describe(std::move(description));
    mlmodel.replace(mlmodel.find(old_uuid), 32, Sha256Hex(onnx).substr(0, 32));
  }
};

inline Files SmallFiles() { return Files::Apart(SmallBytes()); }

// Refused as corrupt, naming `file`.
inline void ExpectCorrupt(const std::string& archive, const std::string& file,
                          const std::string& what) {
  const auto model = Model::Parse(archive);
  ASSERT_FALSE(model.ok()) << what;
  EXPECT_EQ(model.status().code(), absl::StatusCode::kDataLoss) << what;
  EXPECT_EQ(ReasonOf(model.status()), "MODEL_FILE_CORRUPT") << what;
  EXPECT_NE(std::string(model.status().message()).find("the model is corrupt: " + file),
            std::string::npos)
      << what << ": " << model.status().message();
}

}  // namespace fleetcast::forecast
