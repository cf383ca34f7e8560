// ConfigService in process, over a real channel and a real git repository.
#include "services/config/rpc/config_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "services/config/git/git_repository.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::config {
namespace {

using testing::CircuitPath;
using testing::CircuitText;
using testing::Edited;
using testing::Files;
using testing::FleetFiles;
using testing::GitTestRepository;
using Stub = v1::ConfigService::Stub;

class ConfigServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto repository = GitConfigRepository::Open({.path = git_.path()});
    ASSERT_TRUE(repository.ok()) << repository.status();
    repository_ = *std::move(repository);
    reader_ = std::make_unique<FleetReader>(*repository_, ParseYaml, 100 << 20);
    service_ = std::make_unique<ConfigService>(*reader_);
    auto server = rpc::Server::Start({}, {service_.get()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::ConfigService::NewStub(rpc::Connect(server_->address()));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    return rpc::Call<Response>(absl::Seconds(30), [&](auto* context, auto* response) {
      return (stub_.get()->*method)(context, request, response);
    });
  }

  absl::StatusOr<v1::DetectChangesResponse> Changes(const std::string& base,
                                                    const std::string& head, int page_size = 0) {
    v1::DetectChangesRequest request;
    request.set_page_size(page_size);
    request.set_base_revision(base);
    request.set_head_revision(head);
    return Call(&Stub::DetectChanges, request);
  }

  absl::StatusOr<v1::ListCircuitsResponse> Circuits(const std::string& parent, int page_size = 0,
                                                    const std::string& page_token = "",
                                                    const std::string& filter = "",
                                                    const std::string& revision = "main") {
    v1::ListCircuitsRequest request;
    request.set_parent(parent);
    request.set_revision(revision);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    request.set_filter(filter);
    return Call(&Stub::ListCircuits, request);
  }

  absl::StatusOr<v1::Circuit> Circuit(const std::string& name, const std::string& revision) {
    v1::GetCircuitRequest request;
    request.set_name(name);
    request.set_revision(revision);
    return Call(&Stub::GetCircuit, request);
  }

  absl::StatusOr<v1::ValidateRevisionResponse> Validate(const std::string& revision,
                                                        int page_size = 0) {
    v1::ValidateRevisionRequest request;
    request.set_page_size(page_size);
    request.set_revision(revision);
    return Call(&Stub::ValidateRevision, request);
  }

  // The values that a page's `index`th change has: "training.seed: 0 -> 9".
  static std::vector<std::string> FieldsOf(const v1::DetectChangesResponse& page, int index) {
    std::vector<std::string> fields;
    for (const int place : page.changes(index).field_change_indexes()) {
      const v1::FieldChange& field = page.field_changes(place);
      fields.push_back(field.field() + ": " + field.old_value() + " -> " + field.new_value());
    }
    return fields;
  }

  // All pages; `on_page` is called after each.
  std::vector<v1::DetectChangesResponse> Pages(
      v1::DetectChangesRequest request, const std::function<void()>& on_page = [] {}) {
    std::vector<v1::DetectChangesResponse> pages;
    do {
      auto page = Call(&Stub::DetectChanges, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      request.set_page_token(page->next_page_token());
      pages.push_back(*std::move(page));
      on_page();
    } while (!request.page_token().empty());
    return pages;
  }

  absl::Status Matrix(v1::DetectChangesRequest::MatrixFormat format, int shard_size) {
    v1::DetectChangesRequest request;
    request.set_base_revision("main");
    request.set_head_revision("main");
    request.set_matrix_format(format);
    request.set_matrix_shard_size(shard_size);
    return Call(&Stub::DetectChanges, request).status();
  }

  absl::Status Stale(absl::Duration max_staleness) {
    v1::ListPlantsRequest request;
    request.mutable_max_staleness()->set_seconds(absl::ToInt64Seconds(max_staleness));
    return Call(&Stub::ListPlants, request).status();
  }

  GitTestRepository git_;
  const Files base_ = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  std::unique_ptr<GitConfigRepository> repository_;
  std::unique_ptr<FleetReader> reader_;
  std::unique_ptr<ConfigService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(ConfigServiceTest, BranchIsComparedWithItsMergeBaseThoughMainHasMovedOn) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = base_;
  branch[CircuitPath("P001", "C002")] =
      CircuitText("P001", "C002", {{"epochs: 50", "epochs: 80"}, {"2025-12-09", "2026-01-15"}});
  const std::string head = git_.Commit("my-branch", branch, {parted});
  Files main = base_;
  main[CircuitPath("P002", "C001")] = CircuitText("P002", "C001", {{"epochs: 50", "epochs: 10"}});
  git_.SetReference("refs/remotes/origin/main", git_.Commit("main", main));

  const auto changes = Changes("origin/main", "my-branch");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->merge_base_commit(), parted);
  EXPECT_EQ(changes->head_commit(), head);
  EXPECT_EQ(changes->matrix_json(),
            R"([{"plant_id":"P001","circuit_id":"C002","cutoff_date":"2026-01-15"}])");
  ASSERT_EQ(changes->changes_size(), 1);
  EXPECT_EQ(changes->changes(0).kind(), v1::CircuitChange::KIND_MODIFIED);
  EXPECT_EQ(changes->changes(0).effect(), v1::CircuitChange::EFFECT_RETRAIN);
  EXPECT_EQ(FieldsOf(*changes, 0),
            (std::vector<std::string>{"training.cutoff_date: 2025-12-09 -> 2026-01-15",
                                      "training.hyperparameters.epochs: 50 -> 80"}));
  EXPECT_EQ(changes->diagnostics_size(), 0);
}

TEST_F(ConfigServiceTest, ChangesComeWithTheirSourcesAndTheMatrixThatWasAskedFor) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = base_;
  branch["config/defaults.yml"] = "training:\n  seed: 9\n";
  git_.Commit("branch", branch, {parted});
  v1::DetectChangesRequest request;
  request.set_base_revision("main");
  request.set_head_revision("branch");
  request.set_matrix_format(v1::DetectChangesRequest::MATRIX_FORMAT_GITHUB_ACTIONS);
  request.set_matrix_shard_size(2);
  request.mutable_max_staleness()->set_seconds(0);
  const auto changes = Call(&Stub::DetectChanges, request);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->changes_size(), 3);
  ASSERT_EQ(changes->field_changes_size(), 1);  // once, though for three circuits
  const v1::FieldChange& field = changes->field_changes(0);
  EXPECT_EQ(field.field(), "training.seed");
  EXPECT_EQ(field.old_value(), "0");
  EXPECT_EQ(field.new_value(), "9");
  EXPECT_EQ(field.source(), v1::FieldChange::SOURCE_REPOSITORY_DEFAULTS);
  EXPECT_EQ(field.path(), "config/defaults.yml");
  EXPECT_EQ(field.line(), 2);
  EXPECT_EQ(field.column(), 9);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(FieldsOf(*changes, i), (std::vector<std::string>{"training.seed: 0 -> 9"}));
  ASSERT_EQ(changes->matrix_shards_json_size(), 2);
  EXPECT_EQ(changes->matrix_shards_json(1),
            R"({"include":[{"plant_id":"P002","circuit_id":"C001","cutoff_date":"2025-12-09"}]})");
  EXPECT_EQ(changes->merge_base_count(), 1);
  EXPECT_FALSE(changes->has_freshness());
}

TEST_F(ConfigServiceTest, ThreeDefaultsOfTenThousandCircuitsAreSaidOnceOnEachPage) {
  std::map<std::string, std::vector<std::string>> plants;
  for (int plant = 100; plant < 200; ++plant)
    for (int circuit = 100; circuit < 200; ++circuit)
      plants["P" + std::to_string(plant)].push_back("C" + std::to_string(circuit));
  Files files = FleetFiles(plants);
  const std::string parted = git_.Commit("main", files);
  files["config/defaults.yml"] =
      "training:\n  seed: 9\n  forecast: {horizon: 48}\ndeployment: {instance_count: 2}\n";
  const std::string head = git_.Commit("branch", files, {parted});
  v1::DetectChangesRequest request;
  request.set_base_revision("main");
  request.set_head_revision("branch");
  request.set_matrix_format(v1::DetectChangesRequest::MATRIX_FORMAT_AZURE_PIPELINES);
  std::set<std::string> circuits, matrix, shards;
  // The branches move between the pages.
  const auto pages = Pages(request, [&] { git_.Commit("branch", {{"README.md", "moved"}}); });
  EXPECT_GT(pages.size(), 1u);
  for (const v1::DetectChangesResponse& page : pages) {
    EXPECT_LE(page.ByteSizeLong(), std::size_t{1100} << 10);
    EXPECT_EQ(page.merge_base_commit(), parted);
    EXPECT_EQ(page.head_commit(), head);
    EXPECT_EQ(page.change_count(), 10'000);
    EXPECT_EQ(page.field_changes_size(), 3);
    for (int i = 0; i < page.changes_size(); ++i) {
      circuits.insert(page.changes(i).plant_id() + page.changes(i).circuit_id());
      EXPECT_EQ(FieldsOf(page, i), (std::vector<std::string>{"training.forecast.horizon: 24 -> 48",
                                                             "training.seed: 0 -> 9",
                                                             "deployment.instance_count: 1 -> 2"}));
    }
    const auto rows = nlohmann::json::parse(page.matrix_json());
    for (const auto& row : rows)
      matrix.insert(row.at("plant_id").get<std::string>() +
                    row.at("circuit_id").get<std::string>());
    for (const std::string& shard : page.matrix_shards_json()) {
      const auto jobs = nlohmann::json::parse(shard);
      for (const auto& [key, row] : jobs.items()) shards.insert(key);
    }
  }
  EXPECT_EQ(circuits.size(), 10'000u);
  EXPECT_EQ(matrix, circuits);
  EXPECT_EQ(shards.size(), 10'000u);
}

TEST_F(ConfigServiceTest, DiagnosticsComeBeforeTheChangesAndEachOnce) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = base_;
  branch["config/defaults.yml"] = "training:\n  seed: 9\n";
  branch[CircuitPath("P001", "C001")] = "broken";
  branch[CircuitPath("P001", "C009")] = CircuitText("P001", "C009");
  git_.Commit("branch", branch, {parted});
  v1::DetectChangesRequest request;
  request.set_base_revision("main");
  request.set_head_revision("branch");
  const auto whole = Call(&Stub::DetectChanges, request);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_GE(whole->diagnostics_size(), 2);
  EXPECT_EQ(whole->changes_size(), 2);
  EXPECT_EQ(whole->next_page_token(), "");
  request.set_page_size(1);
  std::vector<std::string> singly;
  for (const v1::DetectChangesResponse& page : Pages(request)) {
    EXPECT_EQ(page.diagnostics_size() + page.changes_size(), 1);
    EXPECT_EQ(page.diagnostic_count(), whole->diagnostics_size());
    for (const auto& diagnostic : page.diagnostics())
      singly.push_back(diagnostic.SerializeAsString());
    for (int i = 0; i < page.changes_size(); ++i) singly.push_back(page.changes(i).circuit_id());
  }
  std::vector<std::string> at_once;
  for (const auto& diagnostic : whole->diagnostics())
    at_once.push_back(diagnostic.SerializeAsString());
  for (const auto& change : whole->changes()) at_once.push_back(change.circuit_id());
  EXPECT_EQ(singly, at_once);

  v1::ValidateRevisionRequest validate;
  validate.set_revision("branch");
  validate.set_page_size(1);
  std::vector<std::string> validated;
  do {
    const auto page = Call(&Stub::ValidateRevision, validate);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_FALSE(page->valid());
    ASSERT_EQ(page->diagnostics_size(), 1);
    validated.push_back(page->diagnostics(0).SerializeAsString());
    validate.set_page_token(page->next_page_token());
  } while (!validate.page_token().empty());
  EXPECT_EQ(validated, std::vector<std::string>(at_once.begin(), at_once.end() - 2));
}

TEST_F(ConfigServiceTest, EverythingIsNewAgainstFortyZeros) {
  Files files = base_;
  files[CircuitPath("P001", "C002")] = "broken";
  const std::string head = git_.Commit("main", files);
  const std::string zeros(40, '0');
  const auto changes = Changes(zeros, "main");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->merge_base_commit(), zeros);
  EXPECT_EQ(changes->merge_base_count(), 0);
  EXPECT_EQ(changes->head_commit(), head);
  ASSERT_EQ(changes->changes_size(), 2);
  for (const v1::CircuitChange& change : changes->changes()) {
    EXPECT_EQ(change.kind(), v1::CircuitChange::KIND_ADDED);
    EXPECT_EQ(change.effect(), v1::CircuitChange::EFFECT_RETRAIN);
  }
  EXPECT_EQ(changes->diagnostics(0).circuit_id(), "C002");
  const absl::Status gone = Changes("main", zeros).status();
  EXPECT_EQ(ReasonOf(gone), "REVISION_INVALID");
  EXPECT_EQ(DetailsOf(gone)->field_violations.at(0).field, "head_revision");
}

TEST_F(ConfigServiceTest, PagesOfCircuitsEndByTheirBytesHoweverManyColumnsTheyHave) {
  std::string columns = "[";
  for (int i = 0; i < 250; ++i)
    columns += (i == 0 ? "" : ", ") + std::string(100, 'c') + std::to_string(i);
  Files files;
  std::vector<std::string> ids;
  for (int i = 100; i < 200; ++i) ids.push_back("C" + std::to_string(i));
  files = FleetFiles({{"P001", ids}});
  files["config/plants/P001/defaults.yml"] =
      "training: {data_filters: {feature_columns: " + columns + "]}}\n";
  for (const std::string& id : ids)
    files[CircuitPath("P001", id)] = CircuitText(
        "P001", id,
        {{"    feature_columns: [\"temperature\", \"pressure\", \"vibration\"]\n", ""}});
  files[CircuitPath("P001", "C150")] = "broken";
  git_.Commit("main", files);
  std::vector<std::string> names, unsound;
  std::string token;
  int pages = 0;
  do {
    const auto page = Circuits("plants/-", 1000, token);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->ByteSizeLong(), std::size_t{1100} << 10);
    for (const v1::Circuit& circuit : page->circuits()) names.push_back(circuit.name());
    for (const v1::UnsoundCircuit& circuit : page->unsound()) {
      unsound.push_back(circuit.name());
      EXPECT_EQ(circuit.first_error().path(), "config/plants/P001/C150.yml");
      EXPECT_EQ(circuit.first_error().line(), 1);
      EXPECT_GE(circuit.error_count(), 1);
      EXPECT_LT(page->circuits(0).name(), circuit.name());
      EXPECT_GT(names.back(), circuit.name());
    }
    token = page->next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_GT(pages, 2);
  EXPECT_EQ(names.size(), 99u);
  EXPECT_EQ(unsound, (std::vector<std::string>{"plants/P001/circuits/C150"}));
}

TEST_F(ConfigServiceTest, CommentsFormattingAndOrderOfTheListAreNoChange) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = base_;
  branch[CircuitPath("P001", "C001")] =
      "# about this circuit\n" + CircuitText("P001", "C001", {{"\"1.5.0\"", "'1.5.0'"}});
  branch["config/plants_circuits.yml"] += "# nothing\n";
  git_.Commit("branch", branch, {parted});
  const auto changes = Changes("main", "branch");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->changes_size(), 0);
  EXPECT_EQ(changes->matrix_json(), "[]");
}

TEST_F(ConfigServiceTest, EachKindOfChangeHasItsEffect) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = FleetFiles({{"P001", {"C001", "C003"}}, {"P002", {"C001"}}});
  branch[CircuitPath("P001", "C001")] =
      CircuitText("P001", "C001", {{"mini_batch_size: 100", "mini_batch_size: 50"}});
  branch["config/plants_circuits.yml"] =
      Edited(branch["config/plants_circuits.yml"], "Plant P002", "Plant Two");
  git_.Commit("branch", branch, {parted});
  const auto changes = Changes("main", "branch");
  ASSERT_TRUE(changes.ok()) << changes.status();
  std::vector<std::string> summary;
  for (const v1::CircuitChange& change : changes->changes())
    summary.push_back(change.plant_id() + "/" + change.circuit_id() + " " +
                      v1::CircuitChange::Kind_Name(change.kind()) + " " +
                      v1::CircuitChange::Effect_Name(change.effect()));
  EXPECT_EQ(summary,
            (std::vector<std::string>{
                "P001/C001 KIND_MODIFIED EFFECT_REDEPLOY", "P001/C002 KIND_REMOVED EFFECT_RETIRE",
                "P001/C003 KIND_ADDED EFFECT_RETRAIN", "P002/C001 KIND_MODIFIED EFFECT_NONE"}));
  EXPECT_EQ(changes->matrix_json(),
            R"([{"plant_id":"P001","circuit_id":"C003","cutoff_date":"2025-12-09"}])");
}

TEST_F(ConfigServiceTest, BrokenHeadAnswersForTheSoundCircuitsAndSaysWhatIsWrongWithTheRest) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = base_;
  branch[CircuitPath("P001", "C001")] =
      CircuitText("P001", "C001", {{"lstm_units: 128", "lstm_unit: 128"}});
  branch[CircuitPath("P001", "C002")] = CircuitText("P001", "C002", {{"2025-12-09", "2025-12-10"}});
  git_.Commit("branch", branch, {parted});
  const auto changes = Changes("main", "branch");
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->changes_size(), 1);
  EXPECT_EQ(changes->changes(0).circuit_id(), "C002");
  ASSERT_EQ(changes->diagnostics_size(), 1);
  const v1::Diagnostic& diagnostic = changes->diagnostics(0);
  EXPECT_EQ(diagnostic.severity(), v1::Diagnostic::SEVERITY_ERROR);
  EXPECT_EQ(diagnostic.path(), "config/plants/P001/C001.yml");
  EXPECT_EQ(diagnostic.line(), 9);
  EXPECT_EQ(diagnostic.column(), 5);
  EXPECT_EQ(diagnostic.field(), "training.hyperparameters.lstm_unit");
  EXPECT_EQ(diagnostic.reason(), "UNKNOWN_KEY");
  EXPECT_EQ(diagnostic.remedy(), "did you mean `lstm_units`?");
  EXPECT_EQ(diagnostic.circuit_id(), "C001");

  const auto report = Validate("branch");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->valid());
  EXPECT_EQ(report->diagnostic_count(), 1);
  EXPECT_EQ(report->circuit_count(), 3);
  EXPECT_EQ(report->unsound_circuit_count(), 1);
  EXPECT_TRUE(Validate("main")->valid());
}

TEST_F(ConfigServiceTest, CircuitIsReadAtAnyRevisionWithItsDefaultsHashesAndCommit) {
  const std::string first = git_.Commit("main", base_);
  Files files = base_;
  files[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 80"}});
  const std::string second = git_.Commit("main", files);
  const auto now = Circuit("plants/P001/circuits/C001", "");
  const auto before = Circuit("plants/P001/circuits/C001", "HEAD~1");
  ASSERT_TRUE(now.ok() && before.ok()) << now.status() << before.status();
  EXPECT_EQ(now->commit(), second);
  EXPECT_EQ(before->commit(), first);
  EXPECT_EQ(now->training().hyperparameters().epochs(), 80);
  EXPECT_EQ(before->training().hyperparameters().epochs(), 50);
  EXPECT_NE(now->training_hash(), before->training_hash());
  EXPECT_EQ(now->deployment_hash(), before->deployment_hash());
  EXPECT_EQ(now->plant_display_name(), "Plant P001");
  EXPECT_EQ(now->display_name(), "Circuit C001");
  EXPECT_EQ(now->path(), "config/plants/P001/C001.yml");
  EXPECT_EQ(now->training().data_filters().target_column(), "temperature");
  EXPECT_EQ(now->training().forecast().horizon(), 24);
  EXPECT_EQ(now->deployment().error_threshold(), -1);
}

TEST_F(ConfigServiceTest, ListRunsAcrossPagesInOrderAndUnderAFilter) {
  std::vector<std::string> ids;
  for (int i = 100; i < 125; ++i) ids.push_back("C" + std::to_string(i));
  Files files = FleetFiles({{"P001", ids}, {"P002", {"C001"}}});
  files[CircuitPath("P001", "C107")] = "broken";
  git_.Commit("main", files);
  std::vector<std::string> names;
  std::string token;
  int pages = 0;
  do {
    const auto page = Circuits("plants/-", 10, token);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->unsound_circuit_count(), 1);
    for (const v1::Circuit& circuit : page->circuits()) names.push_back(circuit.name());
    token = page->next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(names.size(), 25u);
  EXPECT_EQ(names.front(), "plants/P001/circuits/C100");
  EXPECT_EQ(names.back(), "plants/P002/circuits/C001");
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(Circuits("plants/P002")->circuits_size(), 1);
  EXPECT_EQ(Circuits("plants/-", 0, "", "circuit_id = \"C105\"")->circuits_size(), 1);

  v1::ListPlantsRequest plants;
  const auto list = Call(&Stub::ListPlants, plants);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->plants_size(), 2);
  EXPECT_EQ(list->plants(0).name(), "plants/P001");
  EXPECT_EQ(list->plants(0).display_name(), "Plant P001");
  EXPECT_EQ(list->plants(0).circuit_count(), 25);
}

TEST_F(ConfigServiceTest, PageTokenIsBoundToItsRequestAndItsCommit) {
  const std::string first = git_.Commit("main", base_);
  const auto page = Circuits("plants/-", 2);
  ASSERT_TRUE(page.ok()) << page.status();
  const std::string token = page->next_page_token();
  git_.Commit("main", FleetFiles({{"P009", {"C009"}}}));
  const auto next = Circuits("plants/-", 2, token);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->commit(), first);
  EXPECT_EQ(next->circuits(0).name(), "plants/P002/circuits/C001");
  for (const auto& misused :
       {Circuits("plants/P001", 2, token), Circuits("plants/-", 2, token, "plant_id = \"P001\""),
        Circuits("plants/-", 2, token, "", "HEAD"), Circuits("plants/-", 2, token + "x"),
        Circuits("plants/-", 2, "bm9uc2Vuc2U")}) {
    EXPECT_EQ(misused.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(DetailsOf(misused.status())->field_violations.at(0).field, "page_token");
  }
}

TEST_F(ConfigServiceTest, WrongArgumentsNameTheirField) {
  git_.Commit("main", base_);
  const std::vector<std::pair<absl::Status, std::string>> cases = {
      {Circuits("plants/-", -1).status(), "page_size"},
      {Changes("main", "main", -1).status(), "page_size"},
      {Validate("main", -1).status(), "page_size"},
      {Circuits("plants/../x").status(), "parent"},
      {Circuits("nothing").status(), "parent"},
      {Circuits("plants/-", 0, "", "colour = 3").status(), "filter"},
      {Circuits("plants/-", 0, "", "plant_id = ").status(), "filter"},
      {Circuit("plants/P001/circuits/%2e%2e", "main").status(), "name"},
      {Circuit("plants/P001/circuits/-", "main").status(), "name"},
      {Circuit("plants/P001/circuits/C001", "--upload-pack=touch /tmp/x").status(), "revision"},
      {Changes("", "main").status(), "base_revision"},
      {Changes("main", "@{-1}").status(), "head_revision"},
      {Validate(std::string(100'000, 'x')).status(), "revision"},
      {Matrix(v1::DetectChangesRequest::MATRIX_FORMAT_AZURE_PIPELINES, 257), "matrix_shard_size"},
      {Matrix(v1::DetectChangesRequest::MATRIX_FORMAT_AZURE_PIPELINES, -1), "matrix_shard_size"},
      {Matrix(v1::DetectChangesRequest::MATRIX_FORMAT_UNSPECIFIED, 5), "matrix_shard_size"},
      {Matrix(static_cast<v1::DetectChangesRequest::MatrixFormat>(7), 0), "matrix_format"},
      {Stale(absl::Seconds(-1)), "max_staleness"}};
  for (const auto& [status, field] : cases) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    ASSERT_TRUE(DetailsOf(status)) << status;
    EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, field) << status;
  }
}

TEST_F(ConfigServiceTest, NotFoundSaysWhatOfWhichTypeInDetailsThatDecode) {
  const std::string commit = git_.Commit("main", base_);
  const std::vector<std::tuple<absl::Status, std::string, std::string>> cases = {
      {Circuit("plants/P001/circuits/C999", "main").status(), "Circuit",
       "plants/P001/circuits/C999"},
      {Circuits("plants/P999").status(), "Plant", "plants/P999"},
      {Changes("main", "gone").status(), "Revision", "gone"}};
  for (const auto& [status, type, name] : cases) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    const auto details = DetailsOf(status);
    ASSERT_TRUE(details) << status;
    EXPECT_EQ(details->resource_type, type);
    EXPECT_EQ(details->resource_name, name);
    EXPECT_NE(details->reason, "");
  }
  EXPECT_NE(std::string(std::get<0>(cases[0]).message()).find(commit), std::string::npos);
}

TEST_F(ConfigServiceTest, FailedPreconditionsSayWhatToMend) {
  Files broken = base_;
  broken[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 0"}});
  git_.Commit("main", broken);
  git_.Commit("foreign", base_);
  git_.Commit("bare", {{"README.md", "x"}});
  const absl::Status unsound = Circuit("plants/P001/circuits/C001", "main").status();
  EXPECT_EQ(unsound.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(unsound), "CIRCUIT_UNSOUND");
  EXPECT_EQ(DetailsOf(unsound)->metadata.at("place"), "config/plants/P001/C001.yml:13:13");
  EXPECT_EQ(ReasonOf(Changes("main", "foreign").status()), "NO_MERGE_BASE");
  EXPECT_EQ(ReasonOf(Circuits("plants/-", 0, "", "", "bare").status()), "MASTER_LIST_MISSING");
}

TEST_F(ConfigServiceTest, LinksAndSubmodulesInPlaceOfFilesAreRefused) {
  for (const auto& [mode, reason] : std::vector<std::pair<unsigned, std::string>>{
           {GIT_FILEMODE_LINK, "SYMLINK"}, {GIT_FILEMODE_COMMIT, "SUBMODULE"}}) {
    Files files = base_;
    files.erase(CircuitPath("P001", "C001"));
    git_.CommitWithEntry("links", files, CircuitPath("P001", "C001"), mode, "/etc/passwd");
    const auto report = Validate("links");
    ASSERT_TRUE(report.ok()) << report.status();
    ASSERT_EQ(report->diagnostics_size(), 1);
    EXPECT_EQ(report->diagnostics(0).reason(), reason);
    EXPECT_EQ(report->diagnostics(0).circuit_id(), "C001");
    EXPECT_EQ(report->unsound_circuit_count(), 1);
  }
  Files files = base_;
  files.erase("config/plants_circuits.yml");
  git_.CommitWithEntry("linked-list", files, "config/plants_circuits.yml", GIT_FILEMODE_LINK,
                       "/etc/passwd");
  EXPECT_EQ(ReasonOf(Circuits("plants/-", 0, "", "", "linked-list").status()),
            "MASTER_LIST_MISSING");
}

TEST_F(ConfigServiceTest, ManyCallersAtOnceGetTheSameAnswer) {
  const std::string parted = git_.Commit("main", base_);
  Files branch = base_;
  branch[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 80"}});
  git_.Commit("branch", branch, {parted});
  const std::string expected = Changes("main", "branch")->SerializeAsString();
  std::vector<std::thread> callers;
  std::vector<int> right(16, 0);
  for (int& count : right)
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto changes = Changes("main", "branch");
        count += changes.ok() && changes->SerializeAsString() == expected ? 1 : 0;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, std::vector<int>(16, 10));
}

}  // namespace
}  // namespace fleetcast::config
