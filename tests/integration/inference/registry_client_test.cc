#include "services/inference/adapters/registry_client.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "tests/support/registry/wrong_bytes_registry.h"

namespace fleetcast::inference {
namespace {

TEST(RegistryClient, RefusesAnArtifactWhoseBytesAreNotWhatItsNameSays) {
  registry::WrongBytesRegistry registry("a model");
  RegistryClient client(registry.Channel());
  const auto right = client.DownloadArtifact(Sha256Hex("a model"), absl::Seconds(30));
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(*right, "a model");
  const auto wrong = client.DownloadArtifact(Sha256Hex("another model"), absl::Seconds(30));
  EXPECT_EQ(ReasonOf(wrong.status()), "MODEL_ARTIFACT_CORRUPT") << wrong.status();
}

}  // namespace
}  // namespace fleetcast::inference
