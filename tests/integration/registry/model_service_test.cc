#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/status.h"
#include "tests/integration/registry/registry_server.h"

namespace fleetcast::registry {
namespace {

class ModelServiceTest : public RegistryServerTest {
 protected:
  ModelServiceTest() { AddReferences(); }

  absl::StatusOr<v1::ModelVersion> Create(const v1::CreateModelVersionRequest& request) {
    v1::ModelVersion version;
    const grpc::Status status = models_->CreateModelVersion(Context().get(), request, &version);
    if (!status.ok()) return rpc::FromGrpc(status);
    return version;
  }

  absl::StatusOr<v1::Champion> SetChampion(std::int64_t version, std::int64_t expected) {
    v1::SetChampionRequest request;
    request.set_request_id(NewRequestId());
    request.set_plant_id("P001");
    request.set_circuit_id("C001");
    request.set_model_version(absl::StrCat("models/sensor-model/versions/", version));
    request.set_expected_current_version(expected);
    request.set_reason("better on the held-out test");
    request.set_actor("trainer");
    (*request.mutable_evidence())["mae"] = "0.41";
    v1::Champion champion;
    const grpc::Status status = models_->SetChampion(Context().get(), request, &champion);
    if (!status.ok()) return rpc::FromGrpc(status);
    return champion;
  }

  std::vector<std::int64_t> List(const std::string& filter) {
    v1::ListModelVersionsRequest request;
    request.set_parent("models/sensor-model");
    request.set_filter(filter);
    v1::ListModelVersionsResponse response;
    const grpc::Status status = models_->ListModelVersions(Context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::int64_t> numbers;
    for (const auto& version : response.model_versions()) numbers.push_back(version.version());
    return numbers;
  }
};

// Runs `call(0 … count-1)` at the same moment on `count` threads.
void AtOnce(int count, const std::function<void(int)>& call) {
  absl::Notification go;
  std::vector<std::thread> callers;
  for (int i = 0; i < count; ++i) {
    callers.emplace_back([&, i] {
      go.WaitForNotification();
      call(i);
    });
  }
  go.Notify();
  for (std::thread& caller : callers) caller.join();
}

TEST_F(ModelServiceTest, Gives32CreatorsAtOnceNumbersWithoutAGap) {
  std::vector<v1::CreateModelVersionRequest> requests;
  for (int i = 0; i < 32; ++i) {
    requests.push_back(VersionRequest("P001", absl::StrCat("C", i)));
    // Every fourth is refused after the others have begun: it must not leave a gap either.
    if (i % 4 == 3)
      requests.back().mutable_model_version()->set_artifact_sha256(std::string(64, '9'));
  }
  absl::Mutex mutex;
  std::set<std::int64_t> numbers;
  AtOnce(32, [&](int i) {
    const auto version = Create(requests[i]);
    if (i % 4 == 3) {
      EXPECT_EQ(ReasonOf(version.status()), "REFERENCE_MISSING");
      return;
    }
    ASSERT_TRUE(version.ok()) << version.status();
    absl::MutexLock lock(&mutex);
    numbers.insert(version->version());
  });
  ASSERT_EQ(numbers.size(), 24u);
  EXPECT_EQ(*numbers.begin(), 1);
  EXPECT_EQ(*numbers.rbegin(), 24);
}

TEST_F(ModelServiceTest, Gives32CreatorsForOneJobOneVersion) {
  std::vector<v1::CreateModelVersionRequest> requests;
  for (int i = 0; i < 32; ++i) {
    requests.push_back(VersionRequest());
    requests.back().mutable_model_version()->set_training_job("trainingRuns/01h/jobs/P001-C001");
  }
  AtOnce(32, [&](int i) {
    const auto version = Create(requests[i]);
    ASSERT_TRUE(version.ok()) << version.status();
    EXPECT_EQ(version->version(), 1);
  });
  EXPECT_EQ(List(""), std::vector<std::int64_t>{1});
}

TEST_F(ModelServiceTest, Gives32CopiesOfOneRequestOneVersion) {
  const auto request = VersionRequest();
  AtOnce(32, [&](int) {
    const auto version = Create(request);
    ASSERT_TRUE(version.ok()) << version.status();
    EXPECT_EQ(version->version(), 1);
  });
  EXPECT_EQ(List("").size(), 1u);
}

TEST_F(ModelServiceTest, RefusesAVersionNamingEachFieldThatIsWrong) {
  auto request = VersionRequest();
  request.mutable_model_version()->mutable_tags()->erase("mae");
  request.mutable_model_version()->mutable_tags()->erase("pr_author");
  request.mutable_model_version()->set_run("r1");
  const auto status = Create(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  std::set<std::string> fields;
  for (const auto& violation : details->field_violations) fields.insert(violation.field);
  EXPECT_EQ(fields, (std::set<std::string>{"model_version.run", "model_version.tags.mae",
                                           "model_version.tags.pr_author"}));
}

TEST_F(ModelServiceTest, ListsACircuitsVersionsNewestFirst) {
  ASSERT_TRUE(Create(VersionRequest("P001", "C001")).ok());
  ASSERT_TRUE(Create(VersionRequest("P001", "C002")).ok());
  ASSERT_TRUE(Create(VersionRequest("P001", "C001")).ok());
  EXPECT_EQ(List(R"(tags.plant_id = "P001" AND tags.circuit_id = "C001")"),
            (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(List("metrics.mae < 0.2"), std::vector<std::int64_t>{});
}

TEST_F(ModelServiceTest, TagsAVersionUnderItsEtag) {
  const auto version = Create(VersionRequest());
  ASSERT_TRUE(version.ok());
  v1::UpdateModelVersionTagsRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(version->name());
  request.set_etag(version->etag());
  (*request.mutable_tags())["note"] = "for the board";
  v1::ModelVersion tagged;
  ASSERT_TRUE(models_->UpdateModelVersionTags(Context().get(), request, &tagged).ok());
  EXPECT_EQ(tagged.tags().at("note"), "for the board");
  EXPECT_EQ(tagged.tags().size(), 14);
  request.set_request_id(NewRequestId());
  EXPECT_EQ(models_->UpdateModelVersionTags(Context().get(), request, &tagged).error_code(),
            grpc::StatusCode::ABORTED);
}

TEST_F(ModelServiceTest, NamesTheFieldWhoseTextIsNotUtf8) {
  auto request = VersionRequest();
  (*request.mutable_model_version()->mutable_tags())["unit"] =
      "T (\xB0"
      "C)";
  const auto in_map = Create(request).status();
  EXPECT_EQ(in_map.code(), absl::StatusCode::kInvalidArgument) << in_map;
  EXPECT_EQ(ReasonOf(in_map), "NOT_UTF8");
  EXPECT_EQ(DetailsOf(in_map)->field_violations.at(0).field, "model_version.tags");

  v1::CreateDataAssetVersionRequest asset;
  asset.set_request_id(NewRequestId());
  asset.mutable_data_asset_version()->add_columns()->set_column(
      "T (\xB0"
      "C)");
  v1::DataAssetVersion created;
  const auto status =
      rpc::FromGrpc(data_assets_->CreateDataAssetVersion(Context().get(), asset, &created));
  EXPECT_EQ(ReasonOf(status), "NOT_UTF8");
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "data_asset_version.columns.column");
}

TEST_F(ModelServiceTest, RefusesDataOfTwoCutoffDates) {
  v1::CreateDataAssetVersionRequest asset;
  asset.set_request_id(NewRequestId());
  asset.set_parent("dataAssets/plant_P001_circuit_C001");
  asset.set_cutoff_date("2025-12-09");
  asset.mutable_data_asset_version()->set_cutoff_date("2025-12-10");
  v1::DataAssetVersion created;
  const auto status =
      rpc::FromGrpc(data_assets_->CreateDataAssetVersion(Context().get(), asset, &created));
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "data_asset_version.cutoff_date")
      << status;
}

TEST_F(ModelServiceTest, EndsAPageByItsBytesAndLosesNothing) {
  constexpr int kVersionsMade = 9;
  for (int i = 0; i < kVersionsMade; ++i) {
    auto request = VersionRequest();
    for (int k = 0; k < 50; ++k)
      (*request.mutable_model_version()->mutable_tags())[absl::StrCat("long", k)] =
          std::string(5000, 'x');
    ASSERT_TRUE(Create(request).ok());
  }
  v1::ListModelVersionsRequest request;
  request.set_parent("models/sensor-model");
  request.set_page_size(1000);
  std::vector<std::int64_t> numbers;
  int pages = 0;
  do {
    v1::ListModelVersionsResponse page;
    ASSERT_TRUE(models_->ListModelVersions(Context().get(), request, &page).ok());
    EXPECT_LE(page.ByteSizeLong(), (1u << 20) + 20'000u);
    for (const auto& version : page.model_versions()) numbers.push_back(version.version());
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty() && pages < 20);
  EXPECT_EQ(pages, 3) << "four of a quarter of a MiB a page";
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{9, 8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST_F(ModelServiceTest, FollowsACircuitsChampions) {
  const std::string name = "models/sensor-model/plants/P001/circuits/C001/champion";
  v1::GetChampionRequest get;
  get.set_name(name);
  v1::Champion champion;
  EXPECT_EQ(models_->GetChampion(Context().get(), get, &champion).error_code(),
            grpc::StatusCode::NOT_FOUND);
  ASSERT_TRUE(Create(VersionRequest()).ok());
  ASSERT_TRUE(Create(VersionRequest()).ok());
  ASSERT_TRUE(SetChampion(1, 0).ok());
  EXPECT_EQ(ReasonOf(SetChampion(2, 0).status()), "CHAMPION_CHANGED");
  const auto second = SetChampion(2, 1);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->name(), name);
  EXPECT_EQ(second->previous_model_version(), "models/sensor-model/versions/1");

  v1::RollbackChampionRequest rollback;
  rollback.set_request_id(NewRequestId());
  rollback.set_name(name);
  rollback.set_expected_current_version(2);
  rollback.set_reason("alarms at night");
  rollback.set_actor("grace");
  ASSERT_TRUE(models_->RollbackChampion(Context().get(), rollback, &champion).ok());
  EXPECT_EQ(champion.version(), 1);
  ASSERT_TRUE(models_->GetChampion(Context().get(), get, &champion).ok());
  EXPECT_EQ(champion.version(), 1);
  EXPECT_EQ(champion.reason(), "alarms at night");

  v1::ListChampionEventsRequest events;
  events.set_parent("models/sensor-model/plants/P001/circuits/-");
  v1::ListChampionEventsResponse history;
  ASSERT_TRUE(models_->ListChampionEvents(Context().get(), events, &history).ok());
  ASSERT_EQ(history.champion_events_size(), 3);
  EXPECT_EQ(history.champion_events(0).kind(), v1::ChampionEvent::KIND_ROLLED_BACK);
  EXPECT_EQ(history.champion_events(0).replaced_model_version(), "models/sensor-model/versions/2");
  EXPECT_EQ(history.champion_events(2).evidence().at("mae"), "0.41");

  v1::ListChampionsRequest list;
  list.set_parent("models/sensor-model");
  list.set_filter("plant_id = \"P001\"");
  v1::ListChampionsResponse champions;
  ASSERT_TRUE(models_->ListChampions(Context().get(), list, &champions).ok());
  EXPECT_EQ(champions.champions_size(), 1);
}

}  // namespace
}  // namespace fleetcast::registry
