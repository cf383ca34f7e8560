// A mirror of a remote: real repositories over file://, and remotes that are down or hang.
#include "services/config/git/followed_repository.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/deadline.h"
#include "common/base/status.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/git/git_settings.h"
#include "services/config/git/packs.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/git_test_repository.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::config {
namespace {

namespace fs = std::filesystem;
using fleetcast::testing::FakeClock;
using testing::Files;
using testing::FleetFiles;
using testing::GitTestRepository;

std::string TextOf(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

class FollowedRepositoryTest : public ::testing::Test {
 protected:
  FollowedRepositoryTest() {
    std::string pattern = (fs::temp_directory_path() / "config-state-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    state_ = pattern;
  }
  ~FollowedRepositoryTest() override {
    std::error_code ignored;
    fs::remove_all(state_, ignored);
  }

  [[nodiscard]] FollowOptions Options(const std::string& url) const {
    const char* bin = std::getenv("FLEETCAST_BIN_DIR");
    EXPECT_NE(bin, nullptr) << "ctest sets it to the folder of the programs";
    return {.state_dir = state_ / "mirror",
            .program = absl::StrCat(bin == nullptr ? "." : bin, "/fleetcast-config"),
            .remote = {.url = url, .username = "git"}};
  }
  [[nodiscard]] FollowOptions Options() const { return Options("file://" + remote_->path()); }

  std::unique_ptr<FollowedRepository> Open(const FollowOptions& options) {
    auto repository = FollowedRepository::Open(options, clock_);
    EXPECT_TRUE(repository.ok()) << repository.status();
    return repository.ok() ? *std::move(repository) : nullptr;
  }

  // As the service does it: a refresh that is called for, then the commit or the error's reason.
  static std::string Commit(FollowedRepository& repository, const std::string& revision,
                            MaxStaleness max_staleness = {}) {
    const auto freshness = repository.Refresh({revision}, max_staleness);
    EXPECT_TRUE(freshness && !freshness->stale) << freshness->message;
    const auto commit = repository.ResolveCommit("revision", revision);
    return commit.ok() ? *commit : ReasonOf(commit.status());
  }

  FakeClock clock_;
  fs::path state_;
  std::unique_ptr<GitTestRepository> remote_ = std::make_unique<GitTestRepository>();
};

constexpr absl::Duration kNow = absl::ZeroDuration();

TEST_F(FollowedRepositoryTest, RemotesBranchesTagsRequestsAndHeadAreKnownByTheirNames) {
  const std::string first = remote_->Commit("trunk", {{"a", "1"}});
  const std::string second = remote_->Commit("trunk", {{"a", "2"}});
  const std::string request = remote_->Commit("gone", {{"a", "3"}}, {first});
  remote_->SetReference("refs/pull/7/head", request);
  remote_->Tag("v1", first);
  remote_->SetHead("trunk");
  const auto mirror = Open(Options());
  for (const auto& [revision, commit] :
       std::vector<std::pair<std::string, std::string>>{{"trunk", second},
                                                        {"origin/trunk", second},
                                                        {"HEAD", second},
                                                        {"HEAD~1", first},
                                                        {"v1", first},
                                                        {"refs/pull/7/head", request},
                                                        {second, second},
                                                        {second.substr(0, 9), second}})
    EXPECT_EQ(Commit(*mirror, revision), commit) << revision;
  remote_->SetHead("gone");
  EXPECT_EQ(Commit(*mirror, "HEAD", kNow), request);
  remote_->DetachHead(first);
  EXPECT_EQ(Commit(*mirror, "HEAD", kNow), first);
}

TEST_F(FollowedRepositoryTest, FetchesForAnUnknownRevisionAndForOneThatIsOlderThanAsked) {
  const std::string first = remote_->Commit("main", {{"a", "1"}});
  const auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, "main"), first);
  const std::string second = remote_->Commit("main", {{"a", "2"}});
  EXPECT_EQ(Commit(*mirror, "main"), first);  // 30 seconds by default
  clock_.Advance(FollowedRepository::kFetchForUnknownEvery + absl::Seconds(1));
  EXPECT_EQ(Commit(*mirror, second), second);
  const std::string third = remote_->Commit("main", {{"a", "3"}});
  clock_.Advance(absl::Seconds(20));
  EXPECT_EQ(Commit(*mirror, "main", absl::Seconds(20)), second);
  EXPECT_EQ(Commit(*mirror, "main", absl::Seconds(19)), third);
  const std::string branch = remote_->Commit("branch", {{"a", "4"}});
  clock_.Advance(FollowedRepository::kFetchForUnknownEvery + absl::Seconds(1));
  EXPECT_EQ(Commit(*mirror, "branch", absl::Hours(1)), branch);
  clock_.Advance(FollowedRepository::kFetchForUnknownEvery + absl::Seconds(1));
  EXPECT_EQ(Commit(*mirror, "nowhere"), "REVISION_NOT_FOUND");
  EXPECT_EQ(Commit(*mirror, "--upload-pack=touch /tmp/x"), "REVISION_INVALID");
}

TEST_F(FollowedRepositoryTest, ForcePushAndDeletionAreFollowedWhileOldCommitsStayReadable) {
  const std::string first = remote_->Commit("main", {{"config/a.yml", "1"}});
  remote_->Commit("side", {{"a", "2"}});
  const auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, "main"), first);
  const std::string other = remote_->Commit("fresh", {{"config/a.yml", "other"}});
  remote_->SetReference("refs/heads/main", other);
  remote_->DeleteReference("refs/heads/side");
  EXPECT_EQ(Commit(*mirror, "main", kNow), other);
  EXPECT_EQ(Commit(*mirror, "origin/main"), other);
  EXPECT_EQ(Commit(*mirror, "side", kNow), "REVISION_NOT_FOUND");
  EXPECT_EQ(Commit(*mirror, "origin/side", kNow), "REVISION_NOT_FOUND");
  // What was resolved before the push is read to its end.
  const auto entries = mirror->ListConfigFolder(first);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(*mirror->ReadFile(entries->back().object_id, 100), "1");
}

TEST_F(FollowedRepositoryTest, RelativePathsAreOfTheFolderThatTheServiceRunsIn) {
  const std::string first = remote_->Commit("main", {{"a", "1"}});
  FollowOptions options = Options();
  options.state_dir = fs::relative(options.state_dir);
  const auto mirror = Open(options);
  EXPECT_EQ(Commit(*mirror, "main"), first);
}

TEST_F(FollowedRepositoryTest, EmptyRemoteHasNoRevisionUntilTheFirstPush) {
  const auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, "HEAD"), "REVISION_NOT_FOUND");
  const std::string first = remote_->Commit("main", {{"a", "1"}});
  EXPECT_EQ(Commit(*mirror, "HEAD", kNow), first);
}

TEST_F(FollowedRepositoryTest, UnknownRevisionsAreFetchedForOnceInAWhileAndThatIsSaid) {
  remote_->Commit("main", FleetFiles({{"P001", {"C001"}}}));
  const auto mirror = Open(Options());
  FleetReader reader(*mirror, ParseYaml, 1 << 20);
  ASSERT_TRUE(reader.ValidateRevision("main").ok());
  const absl::Time fetched = clock_.Now();
  clock_.Advance(absl::Seconds(2));
  const std::string branch = remote_->Commit("branch", FleetFiles({{"P001", {"C002"}}}));
  // However many ask for whatever, and have no time: the remote is not asked.
  for (const std::string& revision : {std::string("branch"), std::string("brunch"), branch}) {
    const ScopedDeadline deadline(absl::Seconds(2));
    const absl::Status unknown = reader.ValidateRevision(revision).status();
    EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ReasonOf(unknown), "REVISION_NOT_FOUND");
    EXPECT_EQ(DetailsOf(unknown)->retry_after, absl::Seconds(3));
    EXPECT_NE(unknown.message().find("due in 3 s"), std::string::npos) << unknown;
    EXPECT_EQ(DetailsOf(unknown)->resource_name, revision);
    EXPECT_EQ(DetailsOf(unknown)->metadata.at("fetch_time"),
              absl::FormatTime(absl::RFC3339_sec, fetched, absl::UTCTimeZone()));
  }
  // Who insists is served at once.
  EXPECT_EQ(reader.ValidateRevision("branch", kNow)->commit, branch);
  const absl::Status none = reader.ValidateRevision("brunch", kNow).status();
  EXPECT_EQ(ReasonOf(none), "REVISION_NOT_FOUND");
  // The remote was asked since the call: asking again is of no use.
  EXPECT_FALSE(DetailsOf(none)->retry_after.has_value());
  EXPECT_NE(none.message().find("check the spelling"), std::string::npos) << none;
}

TEST_F(FollowedRepositoryTest, CommitJustPushedIsWaitedForThoughSomebodyHasJustMistypedAnother) {
  remote_->Commit("main", FleetFiles({{"P001", {"C001"}}}));
  const auto mirror = Open(Options());
  FleetReader reader(*mirror, ParseYaml, 1 << 20);
  EXPECT_EQ(ReasonOf(reader.ValidateRevision("mian").status()), "REVISION_NOT_FOUND");
  const std::string pushed = remote_->Commit("main", FleetFiles({{"P001", {"C002"}}}));
  absl::Notification asked;
  std::thread pipeline([&] {
    asked.Notify();
    const auto answer = reader.ValidateRevision(pushed);
    EXPECT_TRUE(answer.ok()) << answer.status();
  });
  asked.WaitForNotification();
  absl::SleepFor(absl::Milliseconds(200));
  clock_.Advance(FollowedRepository::kFetchForUnknownEvery);
  pipeline.join();
}

TEST_F(FollowedRepositoryTest, RemoteThatIsDownIsAnsweredForFromWhatThereIsAndThatIsSaid) {
  const std::string main = remote_->Commit("main", FleetFiles({{"P001", {"C001"}}}));
  const auto mirror = Open(Options());
  FleetReader reader(*mirror, ParseYaml, 1 << 20);
  const auto fresh = reader.GetCircuit({"P001", "C001"}, "main");
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_FALSE(fresh->freshness->stale);
  const absl::Time fetched = clock_.Now();
  remote_.reset();
  clock_.Advance(absl::Minutes(5));
  const auto stale = reader.ValidateRevision("main");
  ASSERT_TRUE(stale.ok()) << stale.status();
  EXPECT_EQ(stale->commit, main);
  EXPECT_TRUE(stale->freshness->stale);
  EXPECT_EQ(stale->freshness->reason, "REMOTE_REFUSED");  // no such folder
  EXPECT_EQ(stale->freshness->fetch_time, fetched);
  // A commit cannot have moved, so nothing is stale about it.
  EXPECT_FALSE(reader.ValidateRevision(main)->freshness->stale);
  EXPECT_FALSE(reader.ValidateRevision("main", absl::Hours(1))->freshness->stale);
  const absl::Status unknown = reader.DetectChanges("main", "branch").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(unknown), "REMOTE_REFUSED");
  EXPECT_EQ(DetailsOf(unknown)->metadata.at("revision"), "branch");
  EXPECT_TRUE(DetailsOf(unknown)->retry_after.has_value());
}

// A server that takes connections and says nothing.
class SilentServer {
 public:
  SilentServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    if (bind(socket_, address, size) != 0 || listen(socket_, 8) != 0 ||
        getsockname(socket_, address, &size) != 0)
      std::abort();
  }
  ~SilentServer() { close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  [[nodiscard]] std::string address() const {
    return absl::StrCat("127.0.0.1:", ntohs(address_.sin_port));
  }

 private:
  int socket_;
  sockaddr_in address_ = {};
};

TEST_F(FollowedRepositoryTest, RemoteThatHangsIsGivenUpInTime) {
  const SilentServer server;
  for (const std::string scheme : {"http", "https"}) {
    FollowOptions options = Options(scheme + "://" + server.address() + "/config.git");
    options.fetch_timeout = absl::Milliseconds(300);
    const auto mirror = Open(options);
    const auto freshness = mirror->Refresh({"main"}, {});
    ASSERT_TRUE(freshness.has_value());
    EXPECT_TRUE(freshness->stale);
    EXPECT_EQ(freshness->reason, "REMOTE_TIMEOUT") << freshness->message;
    EXPECT_FALSE(freshness->fetch_time.has_value());
  }
}

// However long a fetch may take: the call ends when its caller gives up, and so does the service.
TEST_F(FollowedRepositoryTest, CallEndsWithItsDeadlineThoughTheFetchHangs) {
  const SilentServer server;
  FollowOptions options = Options("http://" + server.address() + "/config.git");
  options.fetch_timeout = absl::Hours(1);
  const auto mirror = Open(options);
  FleetReader reader(*mirror, ParseYaml, 1 << 20);
  const ScopedDeadline deadline(absl::Milliseconds(200));
  const absl::Status late = reader.DetectChanges("main", "branch").status();
  EXPECT_EQ(late.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(late), "REMOTE_TIMEOUT");
  EXPECT_NE(late.message().find("deadline"), std::string::npos) << late;
}

TEST_F(FollowedRepositoryTest, FetchThatWasKilledLeavesNothingInTheWayOfTheNext) {
  const std::string first = remote_->Commit("main", {{"a", "1"}});
  const auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, "main"), first);
  const std::string second = remote_->Commit("main", {{"a", "2"}});
  const fs::path folder = state_ / "mirror" / "mirror.git";
  const std::vector<fs::path> leftovers = {folder / "refs/heads/main.lock",
                                           folder / "packed-refs.lock",
                                           folder / "HEAD.lock",
                                           folder / "objects/pack/pack_git2_x1y2z3",
                                           folder / "objects/pack/pack-a.pack",
                                           folder / "objects/pack/pack-b.idx"};
  for (const fs::path& leftover : leftovers) std::ofstream(leftover) << "half";
  EXPECT_EQ(Commit(*mirror, "main", kNow), second);
  for (const fs::path& leftover : leftovers) EXPECT_FALSE(fs::exists(leftover)) << leftover;
}

// Files that this process holds open although they are gone.
int DeletedFilesHeldOpen() {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = fs::read_symlink(entry.path(), ignored).string();
    if (target.ends_with(".pack (deleted)") || target.ends_with(".idx (deleted)")) ++count;
  }
  return count;
}

TEST_F(FollowedRepositoryTest, ManyFetchesLeaveFewPacksAndLoseNoCommit) {
  const auto mirror = Open(Options());
  const std::string folder = state_ / "mirror" / "mirror.git";
  std::vector<std::string> commits;
  const auto push = [&](const std::string& branch, std::size_t number) {
    commits.push_back(remote_->Commit(branch, {{"config/a.yml", absl::StrCat("text ", number)}}));
    EXPECT_EQ(Commit(*mirror, commits.back(), kNow), commits.back());
  };
  for (std::size_t i = 0; i < kMostPacks; ++i) push("main", i);
  EXPECT_EQ(CountPacks(folder), kMostPacks);
  // Nothing leads to those any more.
  const std::string fresh = remote_->Commit("fresh", {{"config/a.yml", "fresh"}});
  remote_->SetReference("refs/heads/main", fresh);
  EXPECT_EQ(Commit(*mirror, "main", kNow), fresh);
  EXPECT_EQ(CountPacks(folder), 1u);
  EXPECT_EQ(DeletedFilesHeldOpen(), 0);
  for (std::size_t i = kMostPacks; i < 2 * kMostPacks + 2; ++i) push("main", i);
  EXPECT_LT(CountPacks(folder), kMostPacks);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    const auto entries = mirror->ListConfigFolder(commits[i]);
    ASSERT_TRUE(entries.ok()) << entries.status();
    EXPECT_EQ(*mirror->ReadFile(entries->back().object_id, 100), absl::StrCat("text ", i));
  }
}

TEST_F(FollowedRepositoryTest, CallThatGoesOnReadsWhatWasMergedMeanwhile) {
  const std::string first = remote_->Commit("main", {{"config/a.yml", "1"}});
  const auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, first), first);
  const std::string second = remote_->Commit("main", {{"config/a.yml", "2"}});
  EXPECT_EQ(Commit(*mirror, second, kNow), second);
  const std::string folder = state_ / "mirror" / "mirror.git";
  const auto reader = GitConfigRepository::Open({.path = folder});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto entries = (*reader)->ListConfigFolder(first);
  ASSERT_TRUE(entries.ok()) << entries.status();
  // By somebody else; the reader has the old packs open, and has not been told.
  ASSERT_TRUE(MergePacks(folder).ok());
  EXPECT_EQ(CountPacks(folder), 1u);
  EXPECT_EQ(*(*reader)->ReadFile(entries->back().object_id, 100), "1");
  EXPECT_TRUE((*reader)->ListConfigFolder(second).ok());
}

TEST_F(FollowedRepositoryTest, MergeThatFailsLeavesEveryPack) {
  const auto mirror = Open(Options());
  for (const char* text : {"1", "2", "3"}) {
    const std::string commit = remote_->Commit("main", {{"config/a.yml", text}});
    EXPECT_EQ(Commit(*mirror, commit, kNow), commit);
  }
  const std::string folder = state_ / "mirror" / "mirror.git";
  for (const auto& entry : fs::directory_iterator(folder + "/objects/pack"))
    if (entry.path().extension() == ".pack") {
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
      fs::resize_file(entry.path(), fs::file_size(entry.path()) - 30);
      break;
    }
  EXPECT_EQ(MergePacks(folder).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(CountPacks(folder), 3u);
}

TEST(PacksToMerge, EveryPackThatStaysIsTwiceAsLargeAsAllSmallerOnes) {
  using Sizes = std::vector<std::uintmax_t>;
  EXPECT_EQ(PacksToMerge({}), 0u);
  EXPECT_EQ(PacksToMerge({7}), 0u);
  EXPECT_EQ(PacksToMerge({1, 2, 6, 18}), 0u);
  EXPECT_EQ(PacksToMerge({1, 1}), 2u);
  EXPECT_EQ(PacksToMerge({1, 1, 1, 1, 1000}), 4u);
  EXPECT_EQ(PacksToMerge({1, 1, 100, 1000}), 2u);
  EXPECT_EQ(PacksToMerge({1, 10, 20, 1000}), 3u);
  EXPECT_EQ(PacksToMerge({1, 10, 20, 60}), 4u);  // doubled: all anew
  EXPECT_EQ(PacksToMerge(Sizes(25, 5)), 25u);
}

TEST_F(FollowedRepositoryTest, BranchThatAPowerCutLeftEmptyIsFetchedAgain) {
  const std::string first = remote_->Commit("main", {{"a", "1"}});
  const std::string other = remote_->Commit("other", {{"a", "2"}});
  const auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, "main"), first);
  const fs::path refs = state_ / "mirror" / "mirror.git" / "refs";
  for (const char* branch : {"heads/main", "remotes/origin/main", "heads/other"})
    fs::resize_file(refs / branch, 0);
  EXPECT_EQ(Commit(*mirror, "main", kNow), first);
  EXPECT_EQ(Commit(*mirror, "other"), other);
}

TEST_F(FollowedRepositoryTest, RestartKnowsWhatWasFetchedAndWhen) {
  const std::string first = remote_->Commit("main", {{"a", "1"}});
  auto mirror = Open(Options());
  EXPECT_EQ(Commit(*mirror, "main"), first);
  EXPECT_EQ(ReasonOf(FollowedRepository::Open(Options(), clock_).status()), "STATE_DIR_IN_USE");
  const FollowOptions options = Options();
  mirror.reset();
  remote_.reset();
  mirror = Open(options);
  clock_.Advance(absl::Seconds(10));
  const auto freshness = mirror->Refresh({"main"}, absl::Minutes(1));
  EXPECT_FALSE(freshness->stale);
  EXPECT_EQ(freshness->fetch_time, clock_.Now() - absl::Seconds(10));
  EXPECT_EQ(*mirror->ResolveCommit("revision", "main"), first);
}

TEST_F(FollowedRepositoryTest, TokenStandsInNoMessageAndNoFile) {
  const std::string token = "s3cr3t-t0k3n";
  std::ofstream(state_ / "token") << token << "\n";
  FollowOptions options = Options("https://127.0.0.1:1/config.git");
  options.remote.token_file = state_ / "token";
  const auto mirror = Open(options);
  const auto freshness = mirror->Refresh({"main"}, {});
  EXPECT_EQ(freshness->reason, "REMOTE_UNREACHABLE");
  EXPECT_NE(freshness->message.find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(freshness->message.find(token), std::string::npos);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(options.state_dir)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(TextOf(entry.path()).find(token), std::string::npos) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);
}

TEST_F(FollowedRepositoryTest, SettingsThatCanNeverWorkAreRefusedAtStartByName) {
  const std::string file = state_ / "secret";
  std::ofstream(file) << "x";
  const std::vector<std::pair<RemoteOptions, std::string>> cases = {
      {{.url = "ftp://host/x"}, "remote_url"},
      {{.url = "../relative"}, "remote_url"},
      {{.url = "https://user:hunter2@host/x"}, "remote_url"},
      {{.url = "https://hunter2@host/x"}, "remote_url"},
      {{.url = "ssh://git:hunter2@host/x", .ssh_key_file = file}, "remote_url"},
      {{.url = "ssh://git@host/x"}, "remote_ssh_key_file"},
      {{.url = "git@host:x.git"}, "remote_ssh_key_file"},
      {{.url = "git@host:x.git", .ssh_key_file = file + "-none"}, "remote_ssh_key_file"},
      {{.url = "http://host/x", .token_file = file}, "remote_token_file"},
      {{.url = "https://host/x", .token_file = file + "-none"}, "remote_token_file"},
      {{.url = "https://host/x", .token_file = state_}, "remote_token_file"},
      {{.url = "https://host/x", .ca_file = file + "-none"}, "remote_ca_file"},
      {{.url = "https://host/x", .ca_file = file}, "remote_ca_file"},  // no certificate
      {{.url = "http://host/x", .ca_file = file}, "remote_ca_file"},
      {{.url = "https://host/x", .known_hosts_file = file}, "remote_known_hosts_file"},
      {{.url = "git@host:x.git", .ssh_key_file = file, .known_hosts_file = file + "-none"},
       "remote_known_hosts_file"}};
  for (const auto& [remote, setting] : cases) {
    const absl::Status status = CheckRemote(remote);
    EXPECT_EQ(ReasonOf(status), "REMOTE_SETTINGS") << remote.url;
    EXPECT_EQ(DetailsOf(status)->metadata.at("setting"), setting) << status;
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
  }
  for (const RemoteOptions& remote :
       {RemoteOptions{.url = "git@host:x.git", .ssh_key_file = file},
        RemoteOptions{.url = "git@host:x.git", .ssh_key_file = file, .known_hosts_file = file},
        RemoteOptions{.url = "ssh://host/x", .ssh_key_file = file},
        RemoteOptions{.url = "https://host/x", .token_file = file},
        RemoteOptions{.url = "https://host/x"}, RemoteOptions{.url = "file:///x"}})
    EXPECT_TRUE(CheckRemote(remote).ok()) << CheckRemote(remote);
}

TEST_F(FollowedRepositoryTest, EitherAFolderOrARemoteWithAStateFolderIsServed) {
  remote_->Commit("main", {{"a", "1"}});
  const FollowOptions follow = Options();
  const GitOptions local = {.path = remote_->path()};
  EXPECT_TRUE(OpenRepository({.local = local}, clock_).ok());
  EXPECT_TRUE(OpenRepository({.remote = follow}, clock_).ok());
  FollowOptions nowhere = follow;
  nowhere.state_dir = "";
  for (const GitSettings& settings : {GitSettings{}, GitSettings{.local = local, .remote = follow},
                                      GitSettings{.remote = nowhere}})
    EXPECT_EQ(ReasonOf(OpenRepository(settings, clock_).status()), "REPOSITORY_SETTINGS");
}

}  // namespace
}  // namespace fleetcast::config
