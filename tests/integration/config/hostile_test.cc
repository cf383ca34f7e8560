// Whatever somebody pushes or asks, the real fleetcast-config answers with its reason, within
// 256 MiB and two seconds of a processor a call, and goes on serving.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/client.h"
#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "tests/integration/config/hostile_repository.h"
#include "tests/support/config/git_test_repository.h"
#include "tests/support/config/service_process.h"

namespace fleetcast::config {
namespace {

namespace fs = std::filesystem;
using testing::CircuitPath;
using testing::CircuitText;
using testing::Files;
using testing::FleetFiles;
using testing::GitTestRepository;
using testing::HostileRepository;
using testing::MasterText;
using testing::RawEntry;
using testing::ServiceProcess;
using Stub = v1::ConfigService::Stub;
using Strings = std::vector<std::string>;

constexpr double kMostCpuSeconds = testing::kSanitized ? 40 : 2;
// The bound on processor time is what counts; this one ends a call that waits for ever, and is wide
// because other tests share the machine.
constexpr absl::Duration kDeadline = absl::Seconds(60);

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Sound, so that each test can see the service alive at its end.
    git_.Commit("sound", base_);
    git_.SetReference("refs/heads/main", git_.Commit("main", base_));
  }

  void Serve(Strings arguments = {}) {
    arguments.insert(arguments.end(), {"--repository", git_.path()});
    service_ = std::make_unique<ServiceProcess>(arguments);
    ASSERT_NE(service_->address(), "") << service_->errors();
    stub_ = v1::ConfigService::NewStub(rpc::Connect(service_->address()));
  }

  void TearDown() override {
    if (!service_ || service_->address().empty()) return;
    ASSERT_TRUE(service_->running()) << "exit code " << service_->exit_code();
    const auto still = Validate("sound");
    EXPECT_TRUE(still.ok() && still->valid()) << still.status();
    EXPECT_LT(service_->peak_bytes(), testing::kMemoryLimit);
    RecordProperty("most_cpu_ms", static_cast<int>(most_seconds_ * 1000));
    RecordProperty("peak_mib", static_cast<int>(service_->peak_bytes() >> 20));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    if (stub_ == nullptr) return absl::InternalError("the service has not started");
    const double before = service_->cpu_seconds();
    auto response = rpc::Call<Response>(kDeadline, [&](auto* context, auto* reply) {
      return (stub_.get()->*method)(context, request, reply);
    });
    const double seconds = service_->cpu_seconds() - before;
    EXPECT_LT(seconds, kMostCpuSeconds);
    most_seconds_ = std::max(most_seconds_, seconds);
    EXPECT_NE(response.status().code(), absl::StatusCode::kDeadlineExceeded);
    return response;
  }

  absl::StatusOr<v1::ValidateRevisionResponse> Validate(const std::string& revision) {
    v1::ValidateRevisionRequest request;
    request.set_revision(revision);
    return Call(&Stub::ValidateRevision, request);
  }
  absl::StatusOr<v1::DetectChangesResponse> Changes(const std::string& base,
                                                    const std::string& head) {
    v1::DetectChangesRequest request;
    request.set_base_revision(base);
    request.set_head_revision(head);
    return Call(&Stub::DetectChanges, request);
  }
  absl::StatusOr<v1::Circuit> Circuit(const std::string& name) {
    v1::GetCircuitRequest request;
    request.set_name(name);
    request.set_revision("main");
    return Call(&Stub::GetCircuit, request);
  }

  // The reasons of a revision's diagnostics, each once; also that it is unsound.
  std::set<std::string> Reasons(const std::string& revision) {
    const auto report = Validate(revision);
    EXPECT_TRUE(report.ok()) << report.status();
    std::set<std::string> reasons;
    if (!report.ok()) return reasons;
    EXPECT_FALSE(report->valid());
    for (const v1::Diagnostic& each : report->diagnostics()) reasons.insert(each.reason());
    return reasons;
  }

  const Files base_ = FleetFiles({{"P001", {"C001", "C002"}}});
  GitTestRepository git_;
  std::unique_ptr<ServiceProcess> service_;
  std::unique_ptr<Stub> stub_;
  double most_seconds_ = 0;
};

std::string Repeated(const std::string& text, std::size_t bytes) {
  std::string repeated;
  while (repeated.size() < bytes) repeated += text;
  return repeated;
}

std::string AliasBomb() {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 8; ++k) text += ", " + last;
    text += "]\n";
  }
  return text + "training: {data_filters: {feature_columns: *a39}}\nplants: *a39\n";
}

std::string Staircase() {
  std::string text, indent;
  for (int i = 0; i < 600; ++i, indent += ' ') text += indent + "a:\n";
  return text;
}

// What, as text, of at most `bytes`, and the reason that must be among those of its refusal.
struct HostileText {
  std::string name, text, reason;
};

std::vector<HostileText> HostileTexts(std::size_t bytes) {
  const std::string open(10'000, '['), brace(10'000, '{');
  std::vector<HostileText> texts = {
      {"alias bomb", AliasBomb(), "UNKNOWN_KEY"},
      {"10,000 lists", "a: " + open, "NESTING_TOO_DEEP"},
      {"10,000 mappings", "a: " + brace, "NESTING_TOO_DEEP"},
      {"10,000 lists, ended", "a: " + open + std::string(10'000, ']'), "NESTING_TOO_DEEP"},
      {"10,000 dashes", Repeated("- ", 20'000), "NESTING_TOO_DEEP"},
      {"10,000 question marks", Repeated("? ", 20'000), ""},
      {"staircase", Staircase(), "NESTING_TOO_DEEP"},
      {"cycle", "training: &t\n  hyperparameters: *t\nplants: &p [*p]\n", ""},
      {"zeros", std::string(1000, '\0'), "CONTROL_CHARACTER"},
      {"no UTF-8", "a: \xC0\xAF\xFF", "INVALID_UTF8"}};
  for (const char* part : {"[",           "{",
                           "\"",          "'",
                           "- ",          "- a\n",
                           "a: 1\n",      "a: {b: c}\n",
                           "? ",          ": ",
                           "&a ",         "*a ",
                           "!!a ",        "!<a> ",
                           "%TAG ! a\n",  "|\n",
                           ">\n",         "# a\n",
                           "\n",          " ",
                           "\t",          "a",
                           "a ",          "a:",
                           "[a,",         "{a,",
                           "[a]: ",       "[[]],",
                           "\\",          "\"\\u",
                           "<<: ",        "---\n",
                           "...\n",       "\xC3\xA4",
                           "\r",          "1e9",
                           "@",           "&a [*a,",
                           "- - ",        "k: &k [k, k]\n",
                           "a: |\n  b\n", "- &a a\n- *a\n",
                           "[a: b, ",     "'': "})
    texts.push_back({std::string("a file of ") + part, Repeated(part, bytes - 100), ""});
  return texts;
}

TEST_F(HostileTest, CircuitFilesThatWouldExplodeAreRefusedAndTheOtherCircuitStaysSound) {
  const std::vector<HostileText> texts = HostileTexts(256 << 10);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Files files = base_;
    files[CircuitPath("P001", "C001")] = texts[i].text;
    git_.Commit("branch-" + std::to_string(i), files, {});
  }
  Serve();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto report = Validate("branch-" + std::to_string(i));
    ASSERT_TRUE(report.ok()) << texts[i].name << report.status();
    EXPECT_EQ(report->unsound_circuit_count(), 1) << texts[i].name;
    EXPECT_LE(report->diagnostic_count(), 1100) << texts[i].name;
    const auto& diagnostics = report->diagnostics();
    EXPECT_TRUE(texts[i].reason.empty() ||
                std::any_of(diagnostics.begin(), diagnostics.end(),
                            [&](const auto& each) { return each.reason() == texts[i].reason; }))
        << texts[i].name << ": " << report->ShortDebugString().substr(0, 300);
  }
}

TEST_F(HostileTest, MasterListsThatWouldExplodeAreRefused) {
  const std::vector<HostileText> texts = HostileTexts(2 << 20);
  for (std::size_t i = 0; i < texts.size(); ++i)
    git_.Commit("branch-" + std::to_string(i), {{"config/plants_circuits.yml", texts[i].text}});
  // Entries without end, each a node or two.
  git_.Commit("entries", {{"config/plants_circuits.yml",
                           "plants:\n" + Repeated("- {plant_id: P}\n", (2 << 20) - 100)}});
  git_.Commit("aliases", {{"config/plants_circuits.yml",
                           "plants:\n- &a {plant_id: P}\n" + Repeated("- *a\n", (2 << 20) - 100)}});
  Serve();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto report = Validate("branch-" + std::to_string(i));
    ASSERT_TRUE(report.ok()) << texts[i].name << report.status();
    EXPECT_FALSE(report->valid()) << texts[i].name;
    EXPECT_LE(report->diagnostic_count(), 1100) << texts[i].name;
  }
  EXPECT_FALSE(Reasons("entries").empty());
  EXPECT_FALSE(Reasons("aliases").empty());
}

TEST_F(HostileTest, BlobOfOneGibibyteIsNeverLoaded) {
  HostileRepository raw(git_.path());
  const std::string blob = raw.BlobOfZeros(std::uint64_t{1} << 30);
  const auto commit = [&](const std::string& branch, const std::string& master,
                          const std::string& circuit) {
    raw.CommitFleet(branch, master,
                    {{"40000", "P001", raw.Tree({{"100644", "C001.yml", circuit}})}});
  };
  const std::string master = raw.Blob(MasterText({{"P001", {"C001"}}}));
  commit("circuit", master, blob);
  commit("master", blob, raw.Blob(CircuitText("P001", "C001")));
  raw.Point("refs/heads/blob", blob);
  raw.Tag("tagged", blob, "blob");
  // Where a commit, or a tree, should be.
  raw.Commit("tree", blob);
  Serve();
  EXPECT_EQ(Reasons("circuit"), std::set<std::string>{"FILE_TOO_LARGE"});
  EXPECT_TRUE(Reasons("master").contains("FILE_TOO_LARGE"));
  for (const std::string& revision : {blob, std::string("blob"), std::string("tagged")}) {
    const absl::Status status = Validate(revision).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(ReasonOf(status), "REVISION_INVALID") << status;
  }
  EXPECT_EQ(ReasonOf(Validate("tree").status()), "REPOSITORY_UNAVAILABLE");
}

TEST_F(HostileTest, PlantFolderOfAHundredThousandFilesIsNamedAndNotRead) {
  HostileRepository raw(git_.path());
  const std::string file = raw.Blob("x");
  std::vector<RawEntry> entries;
  for (int i = 0; i < 100'000; ++i)
    entries.push_back({"100644", "C" + std::to_string(100'000 + i) + ".yml", file});
  const std::string folder = raw.Tree(entries);
  const std::string master = raw.Blob(MasterText({{"P001", {"C001"}}}));
  raw.CommitFleet("one", master, {{"40000", "P001", folder}});
  std::vector<RawEntry> many;
  for (int i = 100; i < 200; ++i) many.push_back({"40000", "P" + std::to_string(i), folder});
  raw.CommitFleet("hundred", master, many);
  Serve();
  EXPECT_EQ(Reasons("one"), (std::set<std::string>{"ENTRY_WITHOUT_FILE", "FOLDER_TOO_LARGE"}));
  EXPECT_TRUE(Reasons("hundred").contains("FOLDER_TOO_LARGE"));
  EXPECT_TRUE(Changes("sound", "one").status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_F(HostileTest, FilesThatNobodyListsAreToldUpToALimitOfEachFolder) {
  HostileRepository raw(git_.path());
  const std::string master = raw.Blob(MasterText({{"P001", {"C001"}}}));
  std::string parent;
  for (const std::string branch : {"first", "second"}) {
    const std::string file = raw.Blob(branch);
    std::vector<RawEntry> plants;
    for (int p = 10; p < 20; ++p) {
      std::vector<RawEntry> entries;
      for (int i = 10'000; i < 23'000; ++i)
        entries.push_back({"100644", "C" + std::to_string(i) + ".yml", file});
      plants.push_back({"40000", "P" + std::to_string(p), raw.Tree(entries)});
    }
    parent = raw.CommitFleet(branch, master, plants, parent);
  }
  Serve();
  const auto report = Validate("first");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->diagnostic_count(), 10 * 1001 + 1);
  EXPECT_TRUE(Reasons("first").contains("TOO_MANY_PROBLEMS"));
  const auto changes = Changes("first", "second");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->diagnostic_count(), 0);  // the head adds none
}

TEST_F(HostileTest, ThousandsOfPlantsThatNobodyListsAreTold) {
  HostileRepository raw(git_.path());
  const std::string master = raw.Blob(MasterText({{"P001", {"C001"}}}));
  std::string parent;
  for (const std::string branch : {"first", "second"}) {
    const std::string file = raw.Blob(branch);
    std::vector<RawEntry> circuits, plants;
    for (int i = 0; i < 7; ++i)
      circuits.push_back({"100644", "C" + std::to_string(i) + ".yml", file});
    const std::string folder = raw.Tree(circuits);
    for (int p = 10'000; p < 29'900; ++p)
      plants.push_back({"40000", "P" + std::to_string(p), folder});
    parent = raw.CommitFleet(branch, master, plants, parent);
  }
  Serve();
  const auto report = Validate("first");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->diagnostic_count(), 100'000);
  const auto changes = Changes("first", "second");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->diagnostic_count(), 0);
}

TEST_F(HostileTest, EntriesWithoutFilesAreToldHoweverManyThereAre) {
  std::string parent;
  for (const std::string name : {"first", "second"}) {
    std::string list = "plants: [{plant_id: P, plant_name: " + name + ", circuits: [";
    for (int i = 10'000; i < 90'000; ++i) list += "{circuit_id: C" + std::to_string(i) + "},";
    const std::vector<std::string> parents =
        parent.empty() ? std::vector<std::string>{} : std::vector<std::string>{parent};
    parent = git_.Commit(name, {{"config/plants_circuits.yml", list + "]}]\n"}}, parents);
  }
  Serve();
  const auto report = Validate("first");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->diagnostic_count(), 80'000);
  const auto changes = Changes("first", "second");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->changes_size(), 0);
}

TEST_F(HostileTest, LinksSubmodulesAndFoldersInPlaceOfFilesAreNamedAndNotFollowed) {
  struct Case {
    std::string path, mode, reason;
  };
  const std::vector<Case> cases = {{"config/plants/P001/C001.yml", "120000", "SYMLINK"},
                                   {"config/plants/P001/C001.yml", "160000", "SUBMODULE"},
                                   {"config/plants/P001/defaults.yml", "120000", "SYMLINK"},
                                   {"config/defaults.yml", "160000", "SUBMODULE"},
                                   {"config/plants_circuits.yml", "120000", "SYMLINK"},
                                   {"config/plants/P001", "120000", "NOT_A_FOLDER"},
                                   {"config/plants/P001", "160000", "NOT_A_FOLDER"},
                                   {"config/plants", "120000", "NOT_A_FOLDER"},
                                   {"config", "120000", "NOT_A_FOLDER"}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Files files;
    for (const auto& [path, text] : base_)
      if (path != cases[i].path && !path.starts_with(cases[i].path + "/")) files[path] = text;
    git_.CommitWithEntry("case-" + std::to_string(i), files, cases[i].path,
                         static_cast<unsigned>(std::stoul(cases[i].mode, nullptr, 8)),
                         "/etc/passwd");
  }
  Serve();
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_TRUE(Reasons("case-" + std::to_string(i)).contains(cases[i].reason))
        << cases[i].path << " " << cases[i].mode;
}

TEST_F(HostileTest, NamesInATreeThatNoGitWouldWriteAreReportedOrPassedOver) {
  HostileRepository raw(git_.path());
  const std::string file = raw.Blob(CircuitText("P001", "C001"));
  const std::string good = raw.Tree({{"100644", "C001.yml", file}});
  const std::vector<std::string> names = {"..",
                                          ".",
                                          ".git",
                                          "a/b",
                                          "../../x",
                                          "%2e%2e",
                                          "C001\x01",
                                          "\xD0\xA1"
                                          "001",  // Cyrillic
                                          "\xFF\xFE",
                                          "P 1",
                                          "-P",
                                          std::string(10'000, 'P'),
                                          "P\n1",
                                          "P001\x7F"};
  std::vector<RawEntry> plants = {{"40000", "P001", good}, {"40000", "P001", good}};
  std::vector<RawEntry> circuits = {{"100644", "C001.yml", file}, {"100644", "C001.yml", file}};
  for (const std::string& name : names) {
    plants.push_back({"40000", name, good});
    circuits.push_back({"100644", name + ".yml", file});
  }
  plants.push_back({"40000", "P002", raw.Tree(circuits)});
  raw.CommitFleet("names", raw.Blob(MasterText({{"P001", {"C001"}}})), plants);
  Serve();
  EXPECT_TRUE(Reasons("names").contains("INVALID_ID"));
  const auto report = Validate("names");
  EXPECT_EQ(report->unsound_circuit_count(), 0);
  for (const v1::Diagnostic& each : report->diagnostics()) EXPECT_LT(each.message().size(), 400u);
}

TEST_F(HostileTest, IdsThatAreNoneAreRefusedWhereverTheyAre) {
  const std::vector<std::string> ids = {"../x",
                                        ".git",
                                        std::string("C001\0", 5),
                                        "%2e%2e",
                                        "",
                                        "-",
                                        "-x",
                                        "C 1",
                                        "C001\n",
                                        std::string(10'000, 'C'),
                                        "\xD0\xA1"
                                        "001",
                                        "C001.yml",
                                        "C/1",
                                        "\\\\x\\y",
                                        "*",
                                        "~"};
  Serve();
  for (const std::string& id : ids)
    for (const std::string& name :
         {"plants/P001/circuits/" + id, "plants/" + id + "/circuits/C001"}) {
      const absl::Status status = Circuit(name).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << id.substr(0, 20) << status;
      ASSERT_TRUE(DetailsOf(status)) << status;
      EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "name");
      EXPECT_LT(status.message().size(), 1000u);
    }
}

TEST_F(HostileTest, RevisionsThatAreOptionsPathsOrSearchesAreRefused) {
  const fs::path marker = fs::path(git_.path()) / "touched";
  const std::vector<std::string> invalid = {"--upload-pack=touch " + marker.string(),
                                            "-x",
                                            "@{-1}",
                                            "@{u}",
                                            "main@{1}",
                                            "refs/heads/../../x",
                                            "main:config",
                                            ":/fix",
                                            ":(top)config",
                                            "main..sound",
                                            "main...sound",
                                            "^main",
                                            "main^{/x}",
                                            "*",
                                            "ma?n",
                                            "[m]ain",
                                            "HEAD.lock",
                                            "\\main",
                                            "/etc/passwd",
                                            "main/",
                                            "a//b",
                                            std::string("main\0", 5),
                                            "main\n",
                                            " main",
                                            std::string(1 << 20, 'x'),
                                            std::string(257, 'a')};
  const std::vector<std::string> unknown = {"config/plants",
                                            "config",
                                            "objects",
                                            "refs",
                                            "refs/heads",

                                            "description",
                                            "hooks/post-update",
                                            "\xD0\xBC"
                                            "ain",
                                            "main~99999"};
  Serve();
  for (const std::string& revision : invalid) {
    for (const absl::Status& status :
         {Validate(revision).status(), Changes(revision, "main").status(),
          Changes("main", revision).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << revision.substr(0, 40);
      EXPECT_EQ(ReasonOf(status), "REVISION_INVALID") << revision.substr(0, 40);
      EXPECT_LT(status.message().size(), 400u);
    }
  }
  EXPECT_EQ(Changes("", "main").status().code(), absl::StatusCode::kInvalidArgument);
  for (const std::string& revision : unknown) {
    const absl::Status status = Validate(revision).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << revision << status;
    EXPECT_EQ(ReasonOf(status), "REVISION_NOT_FOUND") << revision;
  }
  // As a base they mean that everything is new; there is nothing to read at them.
  EXPECT_EQ(ReasonOf(Validate("0000000000000000000000000000000000000000").status()),
            "REVISION_INVALID");
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(HostileTest, RepositoryWhoseConfigurationAsksGitToRunSomethingRunsNothing) {
  const fs::path root = git_.path();
  const fs::path marker = root / "touched";
  const std::string touch = "touch " + marker.string();
  fs::create_directories(root / "evil");
  for (const char* hook :
       {"post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"}) {
    std::ofstream(root / "evil" / hook) << "#!/bin/sh\n" << touch << "\n";
    fs::permissions(root / "evil" / hook, fs::perms::owner_all);
  }
  std::ofstream(root / "config", std::ios::app)
      << "\n[core]\n\tfsmonitor = " << touch << "\n\thooksPath = " << (root / "evil").string()
      << "\n\tsshCommand = " << touch << "\n\tpager = " << touch << "\n\teditor = " << touch
      << "\n\tgitProxy = " << touch << "\n[remote \"origin\"]\n\turl = ext::sh -c " << touch
      << "\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\tuploadpack = " << touch
      << "\n[diff \"evil\"]\n\ttextconv = " << touch << "\n\tcommand = " << touch
      << "\n[filter \"evil\"]\n\tsmudge = " << touch << "\n\tclean = " << touch
      << "\n\tprocess = " << touch << "\n[credential]\n\thelper = !" << touch
      << "\n[alias]\n\trev-parse = !" << touch << "\n[include]\n\tpath = evil/config\n";
  Files files = base_;
  files[".gitattributes"] = "*.yml diff=evil filter=evil\n";
  files["config/.gitattributes"] = "* filter=evil\n";
  files[".gitmodules"] = "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c " + touch + "\n";
  files[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 80"}});
  const std::string main = git_.Commit("main", base_);
  git_.Commit("head", files, {main});
  fs::remove(marker);  // whatever writing the commits did
  Serve();
  EXPECT_TRUE(Validate("head").ok());
  const auto changes = Changes("main", "head");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->changes_size(), 1);
  EXPECT_TRUE(Circuit("plants/P001/circuits/C001").ok());
  EXPECT_EQ(ReasonOf(Validate("origin/main").status()), "REVISION_NOT_FOUND");
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(HostileTest, RepositoryOfAnotherUserIsServedOnlyIfTheSettingsSaySo) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(chown(git_.path().c_str(), kNobody, kNobody), 0);
  ServiceProcess refused({"--repository", git_.path()});
  EXPECT_EQ(refused.address(), "");
  EXPECT_FALSE(refused.running());
  EXPECT_EQ(refused.exit_code(), 1);
  EXPECT_NE(refused.errors().find("belongs to another user"), std::string::npos)
      << refused.errors();
  Serve({"--allow-other-owner"});
  EXPECT_TRUE(Validate("main").ok());
}

}  // namespace
}  // namespace fleetcast::config
