#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/status.h"
#include "services/config/domain/config_repository.h"

namespace fleetcast::config {
namespace {

TEST(RevisionText, TakesWhatGitTakesForACommit) {
  for (const char* revision :
       {"main", "origin/main", "feature/P001-cutoff", "v1.2.0", "HEAD", "HEAD~2", "HEAD^2", "@",
        "a1b2c3d", "9c3cad9dac8e7dcc818de61abd46fb0510093723", "refs/heads/main",
        "renovate/b#12+x=y",
        "gr\xC3\xBC"
        "n"})
    EXPECT_TRUE(ValidateRevisionText("revision", revision).ok()) << revision;
}

TEST(RevisionText, RefusesOptionsRangesReflogsPathsAndLongTextWithItsField) {
  for (const std::string& revision : std::vector<std::string>{"",
                                                              "--upload-pack=touch /tmp/x",
                                                              "-x",
                                                              "@{-1}",
                                                              "main@{yesterday}",
                                                              "refs/heads/../../x",
                                                              "a..b",
                                                              "HEAD:config",
                                                              ":/fix",
                                                              "HEAD^{/fix}",
                                                              "a b",
                                                              "a\nb",
                                                              std::string("a\0b", 3),
                                                              "*",
                                                              "a?",
                                                              "a[b",
                                                              "a\\b",
                                                              "/main",
                                                              "main/",
                                                              "a//b",
                                                              std::string(257, 'a'),
                                                              std::string(1 << 20, 'a')}) {
    const absl::Status status = ValidateRevisionText("head_revision", revision);
    EXPECT_EQ(ReasonOf(status), "REVISION_INVALID") << revision.substr(0, 80);
    EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "head_revision");
    EXPECT_LT(status.message().size(), 300u);
  }
}

}  // namespace
}  // namespace fleetcast::config
