// The git adapter on real repositories.
#include "services/config/git/git_repository.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "common/base/status.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::config {
namespace {

using testing::Files;
using testing::GitTestRepository;

std::unique_ptr<GitConfigRepository> OpenAt(const std::string& path) {
  auto repository = GitConfigRepository::Open({.path = path});
  EXPECT_TRUE(repository.ok()) << repository.status();
  return *std::move(repository);
}

std::string Resolved(GitConfigRepository& repository, const std::string& revision) {
  const auto commit = repository.ResolveCommit("revision", revision);
  return commit.ok() ? *commit : ReasonOf(commit.status());
}

TEST(GitRepository, EveryWayOfNamingACommitLeadsToIt) {
  GitTestRepository git(GitTestRepository::Kind::kWorkTree);
  const std::string first = git.Commit("main", {{"a", "1"}});
  const std::string second = git.Commit("main", {{"a", "2"}});
  const std::string side = git.Commit("feature/x", {{"a", "3"}}, {first});
  git.SetReference("refs/remotes/origin/main", first);
  git.Tag("v1", first);
  git.SetReference("refs/tags/light", second);
  const auto repository = OpenAt(git.path());
  const std::map<std::string, std::string> expected = {
      {"main", second},       {"HEAD", second},
      {"HEAD~1", first},      {"main^", first},
      {"origin/main", first}, {"v1", first},
      {"light", second},      {"feature/x", side},
      {second, second},       {second.substr(0, 10), second},
      {"@", second},          {"refs/heads/main", second}};
  for (const auto& [revision, commit] : expected)
    EXPECT_EQ(Resolved(*repository, revision), commit) << revision;
  git.DetachHead(side);
  EXPECT_EQ(Resolved(*repository, "HEAD"), side);
}

TEST(GitRepository, UnknownAndMisleadingRevisionsAreRefusedWithTheirReason) {
  GitTestRepository git(GitTestRepository::Kind::kWorkTree);
  git.Commit("main", {{"a", "1"}});
  const auto repository = OpenAt(git.path());
  for (const char* revision : {"nope", "HEAD~5", "0123456789012345678901234567890123456789",
                               "abcdef0", "config", "refs/heads", "objects"})
    EXPECT_EQ(Resolved(*repository, revision), "REVISION_NOT_FOUND") << revision;
  for (const char* revision :
       {"--upload-pack=touch /tmp/x", "@{-1}", "refs/heads/../../x", "HEAD:a", ".git"})
    EXPECT_EQ(Resolved(*repository, revision), "REVISION_INVALID") << revision;
}

TEST(GitRepository, BranchThatMovesAfterOpeningIsSeen) {
  GitTestRepository git;
  git.Commit("main", {{"a", "1"}});
  const auto repository = OpenAt(git.path());
  Resolved(*repository, "main");
  const std::string second = git.Commit("main", {{"a", "2"}});
  EXPECT_EQ(Resolved(*repository, "main"), second);
}

TEST(GitRepository, EmptyRepositoryOpensAndHasNoRevision) {
  GitTestRepository git;
  const auto repository = OpenAt(git.path());
  EXPECT_EQ(Resolved(*repository, "HEAD"), "REVISION_NOT_FOUND");
}

TEST(GitRepository, FolderWithoutRepositoryIsRefusedAtOnce) {
  GitTestRepository git;
  const auto repository = GitConfigRepository::Open({.path = git.path() + "/refs/heads"});
  EXPECT_EQ(ReasonOf(repository.status()), "REPOSITORY_NOT_FOUND");
}

TEST(GitRepository, MergeBaseIsWhereTheBranchesParted) {
  GitTestRepository git;
  const std::string root = git.Commit("main", {{"a", "1"}});
  const std::string branch = git.Commit("branch", {{"a", "2"}}, {root});
  const std::string main = git.Commit("main", {{"a", "3"}});
  const std::string foreign = git.Commit("foreign", {{"a", "4"}});
  const auto repository = OpenAt(git.path());
  EXPECT_EQ(repository->MergeBase(main, branch)->commit, root);
  EXPECT_EQ(repository->MergeBase(main, main)->commit, main);
  EXPECT_EQ(repository->MergeBase(main, branch)->count, 1);
  EXPECT_EQ(ReasonOf(repository->MergeBase(main, foreign).status()), "NO_MERGE_BASE");
}

TEST(GitRepository, OfTheBasesOfACrissCrossMergeTheNewestIsTakenAndTheCountTold) {
  GitTestRepository git;
  const std::string root = git.Commit("a", {{"f", "0"}});
  git.SetReference("refs/heads/b", root);
  const std::string a1 = git.Commit("a", {{"f", "1"}});
  const std::string b1 = git.Commit("b", {{"f", "2"}});
  const std::string a2 = git.Commit("a", {{"f", "3"}}, {b1});
  const std::string b2 = git.Commit("b", {{"f", "4"}}, {a1});
  const auto repository = OpenAt(git.path());
  // Equally new: the smaller name, whichever way it is asked.
  for (const auto& base : {repository->MergeBase(a2, b2), repository->MergeBase(b2, a2)}) {
    ASSERT_TRUE(base.ok()) << base.status();
    EXPECT_EQ(base->commit, std::min(a1, b1));
    EXPECT_EQ(base->count, 2);
  }
}

TEST(GitRepository, OfTheBasesOfACrissCrossMergeANewerOneWins) {
  for (const bool a_is_newer : {false, true}) {
    GitTestRepository git;
    const std::string root = git.Commit("a", {{"f", "0"}});
    git.SetReference("refs/heads/b", root);
    git.SetSecondsLater(a_is_newer ? 60 : 0);
    const std::string a1 = git.Commit("a", {{"f", "1"}});
    git.SetSecondsLater(a_is_newer ? 0 : 60);
    const std::string b1 = git.Commit("b", {{"f", "2"}});
    git.SetSecondsLater(120);
    const std::string a2 = git.Commit("a", {{"f", "3"}}, {b1});
    const std::string b2 = git.Commit("b", {{"f", "4"}}, {a1});
    EXPECT_EQ(OpenAt(git.path())->MergeBase(a2, b2)->commit, a_is_newer ? a1 : b1);
  }
}

TEST(GitRepository, ShallowCloneAnswersWithinItsHistoryAndSaysWhereThatEnds) {
  GitTestRepository git;
  const std::string root = git.Commit("main", {{"f", "0"}});
  const std::string kept = git.Commit("main", {{"f", "1"}});
  git.SetReference("refs/heads/branch", kept);
  const std::string main = git.Commit("main", {{"f", "2"}});
  const std::string branch = git.Commit("branch", {{"f", "3"}});
  const std::string old = git.Commit("old", {{"f", "4"}}, {root});
  git.CutHistory({kept, old}, {root});
  const auto repository = OpenAt(git.path());
  const auto base = repository->MergeBase(main, branch);
  ASSERT_TRUE(base.ok()) << base.status();
  EXPECT_EQ(base->commit, kept);
  EXPECT_EQ(base->count, 1);
  EXPECT_EQ(repository->MergeBase(kept, main)->commit, kept);
  EXPECT_EQ(Resolved(*repository, "main~1"), kept);
  EXPECT_EQ(Resolved(*repository, "main~2"), "REVISION_NOT_FOUND");
  // They met at the root, which was not cloned.
  const auto cut = repository->MergeBase(main, old);
  EXPECT_EQ(ReasonOf(cut.status()), "NO_MERGE_BASE");
  EXPECT_NE(std::string(cut.status().message()).find("shallow"), std::string::npos);
}

TEST(GitRepository, CrissCrossInAShallowCloneHasTheSameBasesAsInAWholeOne) {
  GitTestRepository git;
  const std::string root = git.Commit("a", {{"f", "0"}});
  const std::string second = git.Commit("a", {{"f", "00"}});
  git.SetReference("refs/heads/b", second);
  const std::string a1 = git.Commit("a", {{"f", "1"}});
  const std::string b1 = git.Commit("b", {{"f", "2"}});
  const std::string a2 = git.Commit("a", {{"f", "3"}}, {b1});
  const std::string b2 = git.Commit("b", {{"f", "4"}}, {a1});
  const auto whole = OpenAt(git.path())->MergeBase(a2, b2);
  git.CutHistory({second}, {root});
  const auto shallow = OpenAt(git.path())->MergeBase(a2, b2);
  ASSERT_TRUE(shallow.ok()) << shallow.status();
  EXPECT_EQ(shallow->commit, whole->commit);
  EXPECT_EQ(shallow->count, 2);
}

TEST(GitRepository, ForcePushDuringARequestLeavesWhatItResolvedReadable) {
  GitTestRepository git;
  const std::string before = git.Commit("main", {{"config/a.yml", "before"}});
  const auto repository = OpenAt(git.path());
  const std::string resolved = Resolved(*repository, "main");
  const std::string after = git.Commit("other", {{"config/a.yml", "after"}});
  git.SetReference("refs/heads/main", after);
  git.DeleteReference("refs/heads/other");
  const auto entries = repository->ListConfigFolder(resolved);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(*repository->ReadFile(entries->back().object_id, 100), "before");
  EXPECT_EQ(Resolved(*repository, "main"), after);
  EXPECT_EQ(Resolved(*repository, before), before);
}

TEST(GitRepository, ConfigFolderIsListedThreeLevelsDeepWithKinds) {
  GitTestRepository git;
  const std::string commit =
      git.CommitWithEntry("main",
                          {{"README.md", "x"},
                           {"config/plants_circuits.yml", "x"},
                           {"config/plants/P1/C1.yml", "x"},
                           {"config/plants/P1/deep/C1.yml", "x"},
                           {"config/other/C1.yml", "x"}},
                          "config/plants/P1/C2.yml", GIT_FILEMODE_LINK, "C1.yml");
  const auto repository = OpenAt(git.path());
  const auto entries = repository->ListConfigFolder(commit);
  ASSERT_TRUE(entries.ok()) << entries.status();
  std::map<std::string, TreeEntry::Kind> kinds;
  for (const TreeEntry& entry : *entries) {
    kinds[entry.path] = entry.kind;
    if (entry.path != "config/plants/P1") continue;
    const auto files = repository->ListPlantFolder(entry.object_id);
    ASSERT_TRUE(files.ok()) << files.status();
    for (const TreeEntry& file : *files) kinds[entry.path + "/" + file.path] = file.kind;
  }
  using enum TreeEntry::Kind;
  const std::map<std::string, TreeEntry::Kind> expected = {{"config", kFolder},
                                                           {"config/other", kFolder},
                                                           {"config/plants", kFolder},
                                                           {"config/plants/P1", kFolder},
                                                           {"config/plants/P1/C1.yml", kFile},
                                                           {"config/plants/P1/C2.yml", kSymlink},
                                                           {"config/plants/P1/deep", kFolder},
                                                           {"config/plants_circuits.yml", kFile}};
  EXPECT_EQ(kinds, expected);
}

// A tree of 15,000 files, half a MiB, under 15 names: 7.5 MiB, 5 of which may be listed.
TEST(GitRepository, FoldersAreListedInTheirOrderUpToALimitOfAllTogether) {
  GitTestRepository git;
  Files files;
  for (int i = 0; i < 15'000; ++i) files["config/plants/P01/C" + std::to_string(i)] = "x";
  git.Commit("main", files);
  const std::string script =
      "cd '" + git.path() +
      "' && plant=$(git rev-parse main:config/plants/P01) && "
      "plants=$(for i in $(seq 10 24); do printf '040000 tree %s\\tP%s\\n' $plant $i; done | git "
      "mktree) && config=$(printf '040000 tree %s\\tplants\\n' $plants | git mktree) && "
      "git tag all $(git -c user.name=a -c user.email=a@b commit-tree -m all "
      "$(printf '040000 tree %s\\tconfig\\n' $config | git mktree))";
  ASSERT_EQ(std::system(script.c_str()), 0);
  const auto repository = OpenAt(git.path());
  const auto commit = repository->ResolveCommit("revision", "all");
  ASSERT_TRUE(commit.ok()) << commit.status();
  const auto entries = repository->ListConfigFolder(*commit);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 2U + 15U);
  for (std::size_t i = 2; i < entries->size(); ++i) {
    const TreeEntry& entry = (*entries)[i];
    const bool listed = entry.path < "config/plants/P20";
    EXPECT_EQ(entry.kind, listed ? TreeEntry::Kind::kFolder : TreeEntry::Kind::kOversizedFolder)
        << entry.path;
  }
  EXPECT_EQ(repository->ListPlantFolder((*entries)[2].object_id)->size(), 15'000U);
}

TEST(GitRepository, FileAboveTheLimitIsRefusedAndASmallerOneRead) {
  GitTestRepository git;
  const std::string commit =
      git.Commit("main", {{"config/a.yml", "hello"}, {"config/b.yml", std::string(5000, 'b')}});
  const auto repository = OpenAt(git.path());
  const auto entries = repository->ListConfigFolder(commit);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(*repository->ReadFile((*entries)[1].object_id, 1000), "hello");
  EXPECT_EQ(ReasonOf(repository->ReadFile((*entries)[2].object_id, 1000).status()),
            "FILE_TOO_LARGE");
}

// Four MiB, and their first lines.
TEST(GitRepository, SmallFileThatIsADifferenceFromALargeOneIsRead) {
  GitTestRepository git;
  std::string large;
  std::mt19937 random(7);
  while (large.size() < (std::size_t{4} << 20)) large += std::to_string(random()) + "\n";
  const std::string small = large.substr(0, 200'000);
  git.Commit("main", {{"config/a.yml", large}});
  const std::string commit = git.Commit("main", {{"config/a.yml", small}});
  const std::string script =
      "cd '" + git.path() +
      "' && git repack -adfq --window=50 && git verify-pack -v objects/pack/*.idx | "
      "grep -q \"^$(git rev-parse main:config/a.yml) blob .* 1 [0-9a-f]\\{40\\}$\"";
  ASSERT_EQ(std::system(script.c_str()), 0) << "git has not made a difference of it";
  const auto repository = OpenAt(git.path());
  const auto entries = repository->ListConfigFolder(commit);
  ASSERT_TRUE(entries.ok()) << entries.status();
  const auto text = repository->ReadFile((*entries)[1].object_id, 256 << 10);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, small);
  const auto before = repository->ListConfigFolder(*repository->ResolveCommit("r", "main~1"));
  EXPECT_EQ(ReasonOf(repository->ReadFile((*before)[1].object_id, 256 << 10).status()),
            "FILE_TOO_LARGE");
}

TEST(GitRepository, RepositoryThatIsGoneIsUnavailableAndWorthAnotherTry) {
  auto git = std::make_unique<GitTestRepository>();
  const std::string commit = git->Commit("main", {{"config/a.yml", "hello"}});
  const auto repository = OpenAt(git->path());
  std::filesystem::remove_all(git->path() + "/objects");
  const auto entries = repository->ListConfigFolder(commit);
  EXPECT_EQ(entries.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(entries.status()), "REPOSITORY_UNAVAILABLE");
  EXPECT_TRUE(DetailsOf(entries.status())->retry_after.has_value());
}

}  // namespace
}  // namespace fleetcast::config
