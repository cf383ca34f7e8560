// `fleetcast config validate`: the service's verdict on files and revisions, without a service.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/offline/validation.h"
#include "common/base/status.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/integration/cli/program.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;
namespace v1 = config::v1;
using config::testing::CircuitPath;
using config::testing::CircuitText;
using config::testing::Files;
using config::testing::FleetFiles;
using config::testing::GitTestRepository;
using fleetcast::testing::Outcome;
using fleetcast::testing::RunFleetcast;
using Strings = std::vector<std::string>;

// A folder with a fleet's files, which is the current folder while a test runs.
class ValidateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::canonical(::testing::TempDir()) / "validate-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec |
                                 fs::perms::group_read | fs::perms::others_read);
    before_ = fs::current_path();
    fs::current_path(folder_);
  }
  void TearDown() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }

  static void Write(const Files& files, const fs::path& root = ".") {
    for (const auto& [path, text] : files) {
      fs::create_directories((root / path).parent_path());
      std::ofstream(root / path) << text;
    }
  }

  // "path:line:column SEVERITY REASON message; remedy", or the status.
  static Strings Lines(const absl::StatusOr<v1::ValidateRevisionResponse>& response) {
    if (!response.ok()) return {ReasonOf(response.status())};
    Strings lines;
    for (const v1::Diagnostic& each : response->diagnostics())
      lines.push_back(each.path() + ":" + std::to_string(each.line()) + ":" +
                      std::to_string(each.column()) + " " +
                      v1::Diagnostic::Severity_Name(each.severity()).substr(9) + " " +
                      each.reason() + " " + each.message() + "; " + each.remedy());
    return lines;
  }

  // "path REASON" of each.
  static Strings Reasons(const absl::StatusOr<v1::ValidateRevisionResponse>& response) {
    if (!response.ok()) return {ReasonOf(response.status())};
    Strings lines;
    for (const v1::Diagnostic& each : response->diagnostics())
      lines.push_back(each.path() + " " + each.reason());
    return lines;
  }

  Files Broken() const {
    Files files = FleetFiles({{"P001", {"C001", "C002", "C003", "C004"}}, {"P002", {"C001"}}});
    files[CircuitPath("P001", "C001")] =
        CircuitText("P001", "C001", {{"lstm_units", "lstm_unit"}, {"2025-12-09", "2025-02-30"}});
    files[CircuitPath("P001", "C002")] =
        "\xEF\xBB\xBF" + CircuitText("P001", "C002", {{"epochs: 50", "epochs: 1_000"}});
    files[CircuitPath("P001", "C003")] = "a: 1\n---\nb: 2\n";
    files.erase(CircuitPath("P001", "C004"));
    files[CircuitPath("P001", "C005")] = CircuitText("P001", "C005");
    files["config/plants/P001/C006.yaml"] = "x";
    files["config/plants/P 3/C001.yml"] = "x";
    files["config/plants/P002/defaults.yml"] = "training: {sed: 3}\n";
    files[CircuitPath("P002", "C002")] = std::string(300 << 10, '#');
    return files;
  }

  fs::path folder_, before_;
};

TEST_F(ValidateTest, FilesHaveTheDiagnosticsOfACommitThatHoldsThem) {
  Files files = Broken();
  const std::string linked = CircuitPath("P001", "C007");
  Write(files);
  fs::create_symlink("/etc/passwd", linked);
  GitTestRepository git;
  git.CommitWithEntry("main", files, linked, GIT_FILEMODE_LINK, "/etc/passwd");

  const auto repository = config::GitConfigRepository::Open({.path = git.path()});
  ASSERT_TRUE(repository.ok()) << repository.status();
  config::FleetReader reader(**repository, config::ParseYaml, 100 << 20);
  const auto report = reader.ValidateRevision("main");
  ASSERT_TRUE(report.ok()) << report.status();
  Strings expected;
  for (const config::Diagnostic& each : report->diagnostics)
    expected.push_back(each.path + ":" + std::to_string(each.mark.line) + ":" +
                       std::to_string(each.mark.column) +
                       (each.severity == config::Severity::kError ? " ERROR " : " WARNING ") +
                       each.reason + " " + each.message + "; " + each.remedy);
  ASSERT_GT(expected.size(), 8u);

  const auto response = ValidatePaths({"."});
  EXPECT_EQ(Lines(response), expected);
  ASSERT_TRUE(response.ok());
  EXPECT_FALSE(response->valid());
  EXPECT_EQ(response->circuit_count(), report->circuit_count);
  EXPECT_EQ(response->unsound_circuit_count(), report->unsound_circuit_count);
}

TEST_F(ValidateTest, SoundFolderIsSoundByAnyOfItsNames) {
  Write(FleetFiles({{"P001", {"C001", "C002"}}}));
  for (const std::string name : {".", "./", "config", "config/plants/", "config/plants/P001"}) {
    const auto response = ValidatePaths({name});
    ASSERT_TRUE(response.ok()) << name << response.status();
    EXPECT_TRUE(response->valid()) << name;
    EXPECT_EQ(response->circuit_count(), 2) << name;
  }
}

TEST_F(ValidateTest, OfSingleFilesOnlyWhatIsWrongInThemIsTold) {
  Write(Broken());
  EXPECT_EQ(Reasons(ValidatePaths({CircuitPath("P001", "C003")})),
            (Strings{"config/plants/P001/C003.yml MULTIPLE_DOCUMENTS"}));
  EXPECT_EQ(
      Reasons(ValidatePaths({CircuitPath("P001", "C005"), "config/plants/P002/defaults.yml"})),
      (Strings{"config/plants/P001/C005.yml FILE_WITHOUT_ENTRY",
               "config/plants/P002/defaults.yml UNKNOWN_KEY"}));
  EXPECT_EQ(Reasons(ValidatePaths({"config/plants_circuits.yml"})),
            (Strings{"config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
  const auto one = ValidatePaths({CircuitPath("P001", "C001")});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->circuit_count(), 1);
  EXPECT_EQ(one->unsound_circuit_count(), 1);
}

TEST_F(ValidateTest, PathsAreToldAsSeenFromTheCurrentFolder) {
  Write(Broken(), "fleet");
  const std::string file = CircuitPath("P001", "C003");
  EXPECT_EQ(Reasons(ValidatePaths({"fleet/" + file})),
            (Strings{"fleet/" + file + " MULTIPLE_DOCUMENTS"}));
  fs::current_path("fleet/config");
  EXPECT_EQ(Reasons(ValidatePaths({"plants/P001/C003.yml"})),
            (Strings{"../" + file + " MULTIPLE_DOCUMENTS"}));
  const std::string absolute = (folder_ / "fleet" / file).string();
  EXPECT_EQ(Reasons(ValidatePaths({absolute})), (Strings{absolute + " MULTIPLE_DOCUMENTS"}));
}

TEST_F(ValidateTest, WhatIsNoConfigurationIsRefusedByName) {
  fs::create_directories("empty");
  std::ofstream("empty/x.yml") << "a: 1\n";
  for (const auto& [path, reason] :
       std::vector<std::pair<std::string, std::string>>{{"empty", "NOT_A_CONFIGURATION"},
                                                        {"empty/x.yml", "NOT_A_CONFIGURATION"},
                                                        {"gone.yml", "PATH_NOT_FOUND"},
                                                        {"gone/", "PATH_NOT_FOUND"}}) {
    const auto response = ValidatePaths({path});
    EXPECT_EQ(ReasonOf(response.status()), reason);
    EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(response.status().message().find(path), std::string::npos);
  }
  Write(FleetFiles({{"P001", {"C001"}}}), "a");
  Write(FleetFiles({{"P001", {"C001"}}}), "b");
  EXPECT_EQ(ReasonOf(ValidatePaths({"a", "b"}).status()), "SEVERAL_CONFIGURATIONS");
}

TEST_F(ValidateTest, NothingIsFollowedOrWaitedFor) {
  Write(FleetFiles({{"P001", {"C001", "C002", "C003"}}, {"P002", {"C001"}}, {"P003", {"C001"}}}));
  fs::remove(CircuitPath("P001", "C001"));
  ASSERT_EQ(mkfifo(CircuitPath("P001", "C001").c_str(), 0600), 0);
  fs::remove(CircuitPath("P001", "C002"));
  fs::create_directory(CircuitPath("P001", "C002"));
  fs::resize_file(CircuitPath("P001", "C003"), std::uintmax_t{1} << 30);
  fs::rename("config/plants/P002", "elsewhere");
  fs::create_directory_symlink("../../elsewhere", "config/plants/P002");
  std::ofstream("config/plants/P003/.git") << "gitdir: ../../../.git/modules/x\n";
  EXPECT_EQ(
      Reasons(ValidatePaths({"."})),
      (Strings{"config/plants/P001/C001.yml NOT_A_FILE", "config/plants/P001/C002.yml NOT_A_FILE",
               "config/plants/P001/C003.yml FILE_TOO_LARGE", "config/plants/P002 NOT_A_FOLDER",
               "config/plants/P003 NOT_A_FOLDER", "config/plants_circuits.yml ENTRY_WITHOUT_FILE",
               "config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
}

TEST_F(ValidateTest, FileAndFolderWithoutPermissionAreReportedByName) {
  Write(FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}}));
  fs::permissions(CircuitPath("P001", "C001"), fs::perms::none);
  fs::permissions("config/plants/P002", fs::perms::none);
  constexpr uid_t kNobody = 65534;
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const auto response = ValidatePaths({"."});
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  fs::permissions("config/plants/P002", fs::perms::owner_all);
  EXPECT_EQ(Reasons(response), (Strings{"config/plants/P001/C001.yml FILE_UNREADABLE",
                                        "config/plants/P002 FOLDER_UNREADABLE",
                                        "config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
}

TEST_F(ValidateTest, FolderWithTooManyFilesIsNamedAndNotRead) {
  Write(FleetFiles({{"P001", {"C001"}}}));
  for (int i = 0; i <= 20'000; ++i)
    std::ofstream("config/plants/P001/X" + std::to_string(i) + ".yml");
  EXPECT_EQ(Reasons(ValidatePaths({"."})),
            (Strings{"config/plants/P001 FOLDER_TOO_LARGE",
                     "config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
  const auto folder = ValidatePaths({"config/plants/P001"});
  EXPECT_EQ(Reasons(folder), (Strings{"config/plants/P001 FOLDER_TOO_LARGE"}));
  EXPECT_EQ(folder->circuit_count(), 0);
}

TEST_F(ValidateTest, ProgramPrintsWhatEditorsAndPipelinesReadAndExitsWith1) {
  Files files = FleetFiles({{"P001", {"C001"}}});
  files[CircuitPath("P001", "C001")] =
      CircuitText("P001", "C001", {{"\"1.5.0\"", "\"100%,a:b]c;\\n::error::x\""}});
  Write(files);
  const Outcome table = RunFleetcast({"config", "validate", "."});
  EXPECT_EQ(table.exit_code, 1);
  EXPECT_NE(table.out.find("config/plants/P001/C001.yml:6:24: error: "), std::string::npos)
      << table.out;
  EXPECT_NE(table.out.find("1 circuit, 1 of them unsound\n"), std::string::npos) << table.out;

  const Outcome github = RunFleetcast({"config", "validate", ".", "-o", "github"});
  EXPECT_EQ(github.exit_code, 1);
  EXPECT_EQ(
      github.out,
      "::error file=config/plants/P001/C001.yml,line=6,col=24,title=MALFORMED::"
      "`training.environment_version` is \"100%25,a:b]c;\\n::error::x\", which is not text of "
      "letters, digits and ._-; use 1 to 63 letters, digits and ._-, beginning with a letter "
      "or digit\n");
  EXPECT_EQ(github.err, "1 circuit, 1 of them unsound\n");

  const Outcome azure = RunFleetcast({"-o", "azure", "config", "validate", "config"});
  EXPECT_EQ(azure.exit_code, 1);
  EXPECT_EQ(
      azure.out,
      "##vso[task.logissue type=error;sourcepath=config/plants/P001/C001.yml;linenumber=6;"
      "columnnumber=24;code=MALFORMED]`training.environment_version` is "
      "\"100%AZP25,a:b]c;\\n::error::x\", which is not text of letters, digits and ._-; use 1 "
      "to 63 letters, digits and ._-, beginning with a letter or digit\n");

  const Outcome json = RunFleetcast({"config", "validate", ".", "-o", "json"});
  EXPECT_EQ(json.exit_code, 1);
  const auto report = nlohmann::json::parse(json.out);
  EXPECT_EQ(report.at("valid"), false);
  EXPECT_EQ(report.at("diagnostics").at(0).at("reason"), "MALFORMED");
  EXPECT_EQ(report.at("diagnostics").at(0).at("line"), 6);
}

TEST_F(ValidateTest, ExitCodesTellSoundFromUnsoundFromWrongArguments) {
  Write(FleetFiles({{"P001", {"C001"}}}));
  const Outcome sound = RunFleetcast({"config", "validate"});
  EXPECT_EQ(sound.exit_code, 0);
  EXPECT_EQ(sound.out, "1 circuit, sound\n");
  EXPECT_EQ(RunFleetcast({"config", "validate", ".", "-o", "github"}).out, "");
  EXPECT_EQ(RunFleetcast({"config", "validate", "gone.yml"}).exit_code, 2);
  EXPECT_EQ(RunFleetcast({"config", "validate", ".", "--revision", "main"}).exit_code, 2);
  EXPECT_EQ(RunFleetcast({"config", "validate", "main", "other"}).exit_code, 2);
  EXPECT_EQ(RunFleetcast({"config", "list", "-o", "github"}).exit_code, 2);
  EXPECT_EQ(RunFleetcast({"config", "validate", ".", "--service"}).exit_code, 2);
  EXPECT_EQ(RunFleetcast({"config", "validate", "--allow-other-owner"}).exit_code, 2);
  // Asked of the service, and there is none.
  EXPECT_EQ(
      RunFleetcast({"config", "validate", "main", "--service", "--config-target", "127.0.0.1:1"})
          .exit_code,
      3);
}

TEST_F(ValidateTest, RevisionIsReadFromTheRepositoryAroundWithoutAService) {
  GitTestRepository git(GitTestRepository::Kind::kWorkTree);
  const Files sound = FleetFiles({{"P001", {"C001", "C002"}}});
  Files broken = sound;
  broken[CircuitPath("P001", "C002")] = CircuitText("P001", "C002", {{"epochs: 50", "epochs: 0"}});
  const std::string main = git.Commit("main", sound);
  git.Commit("broken", broken, {main});
  // The work tree says something else than either.
  Write({{CircuitPath("P001", "C001"), "nothing"}}, git.path());
  fs::current_path(fs::path(git.path()) / "config/plants");

  const Outcome first = RunFleetcast({"config", "validate", "main"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, main.substr(0, 10) + ": 2 circuits, sound\n");
  const Outcome second = RunFleetcast({"config", "validate", "broken", "-o", "github"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_EQ(second.out.rfind("::error file=config/plants/P001/C002.yml,line=13,", 0), 0u)
      << second.out;
  EXPECT_EQ(RunFleetcast({"config", "validate", "broken~1"}).exit_code, 0);
  const Outcome unknown = RunFleetcast({"config", "validate", "nowhere"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("REVISION_NOT_FOUND"), std::string::npos) << unknown.err;
  EXPECT_EQ(RunFleetcast({"config", "validate", "--", "--upload-pack=x"}).exit_code, 2);
}

TEST_F(ValidateTest, WithoutARepositoryAroundARevisionIsRefusedAndTheServiceNamed) {
  const Outcome outcome = RunFleetcast({"config", "validate", "main"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("NOT_A_REPOSITORY"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("--service"), std::string::npos) << outcome.err;
}

TEST_F(ValidateTest, AnotherUsersRepositoryIsReadOnlyWhenItIsAllowed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a repository away";
  GitTestRepository git(GitTestRepository::Kind::kWorkTree);
  git.Commit("main", FleetFiles({{"P001", {"C001"}}}));
  for (const auto& entry : fs::recursive_directory_iterator(git.path()))
    ASSERT_EQ(lchown(entry.path().c_str(), 65534, 65534), 0);
  ASSERT_EQ(lchown(git.path().c_str(), 65534, 65534), 0);
  fs::current_path(git.path());
  const Outcome refused = RunFleetcast({"config", "validate", "main"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("REPOSITORY_OWNER"), std::string::npos) << refused.err;
  const Outcome allowed = RunFleetcast({"config", "validate", "main", "--allow-other-owner"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
}

}  // namespace
}  // namespace fleetcast::cli
