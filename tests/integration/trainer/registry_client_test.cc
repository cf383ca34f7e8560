#include "services/trainer/adapters/registry_client.h"

#include <gtest/gtest.h>

#include "common/base/sha256.h"
#include "common/base/status.h"
#include "tests/support/registry/wrong_bytes_registry.h"

namespace fleetcast::trainer {
namespace {

TEST(RegistryClient, RefusesAnArtifactWhoseBytesAreNotWhatItsNameSays) {
  registry::WrongBytesRegistry registry("a model");
  RegistryClient client(registry.Channel());
  const auto right = client.DownloadArtifact(Sha256Hex("a model"));
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(*right, "a model");
  const auto wrong = client.DownloadArtifact(Sha256Hex("another model"));
  EXPECT_EQ(ReasonOf(wrong.status()), "ARTIFACT_DAMAGED") << wrong.status();
}

}  // namespace
}  // namespace fleetcast::trainer
