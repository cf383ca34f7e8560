#include <set>

#include "absl/strings/str_cat.h"
#include "common/db/transaction.h"
#include "services/inference/storage/forecast_rows.h"
#include "tests/integration/inference/inference_stack.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(60);
constexpr int kForecasts = 1000;

class ForecastServiceTest : public InferenceStack {
 protected:
  ForecastServiceTest() {
    InferenceSettings settings = Settings("api");
    settings.slots = 0;
    StartReplica(settings);
    std::vector<Forecast> forecasts;
    for (int i = 0; i < kForecasts; ++i) {
      Forecast forecast{.circuit = {"P001", absl::StrCat("C", 1000 + i)},
                        .issue_time = absl::FromUnixSeconds(1'765'321'200),
                        .model_version = 1,
                        .target_column = "temperature",
                        .interval_levels = {80, 95}};
      for (int step = 1; step <= 24; ++step) {
        forecast.points.push_back({.time = forecast.issue_time + step * absl::Hours(1),
                                   .value = 0.1 * step,
                                   .lower = {-0.1 * step, -0.2 * step},
                                   .upper = {0.3 * step, 0.4 * step}});
      }
      forecast.sweep_id = "s1";
      forecasts.push_back(std::move(forecast));
    }
    const absl::Status stored = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      StoreForecasts(work, forecasts);
      return absl::OkStatus();
    });
    EXPECT_TRUE(stored.ok()) << stored;
  }

  absl::StatusOr<v1::ListForecastsResponse> List(const v1::ListForecastsRequest& request) {
    return rpc::Call<v1::ListForecastsResponse>(kTimeout, [&](auto* context, auto* response) {
      return forecasts_->ListForecasts(context, request, response);
    });
  }
};

TEST_F(ForecastServiceTest, APageEndsAtAMebibyteAndTheNextGoesOnThere) {
  for (const bool latest : {false, true}) {
    v1::ListForecastsRequest request;
    request.set_parent("plants/-/circuits/-");
    request.set_page_size(kForecasts);
    request.set_latest_only(latest);
    std::set<std::string> names;
    int pages = 0;
    do {
      const auto page = List(request);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->ByteSizeLong(), (std::size_t{1} << 20) + 8192);
      for (const v1::Forecast& forecast : page->forecasts()) names.insert(forecast.name());
      request.set_page_token(page->next_page_token());
      ++pages;
    } while (!request.page_token().empty());
    EXPECT_GT(pages, 1);
    EXPECT_EQ(names.size(), kForecasts);
  }
}

TEST_F(ForecastServiceTest, AnOverviewHasTheFirstStepOfEachAndTheirNumber) {
  v1::ListForecastsRequest request;
  request.set_parent("plants/-/circuits/-");
  request.set_page_size(kForecasts);
  request.set_latest_only(true);
  request.set_view(v1::FORECAST_VIEW_BASIC);
  const auto page = List(request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->forecasts_size(), kForecasts);
  const v1::Forecast& forecast = page->forecasts(7);
  EXPECT_EQ(forecast.name(), "plants/P001/circuits/C1007/forecasts/20251209T230000Z-v1");
  EXPECT_EQ(forecast.invocation(), "sweeps/s1/invocations/P001.C1007");
  EXPECT_EQ(forecast.horizon(), 24);
  ASSERT_EQ(forecast.points_size(), 1);
  EXPECT_EQ(forecast.points(0).step(), 1);
  EXPECT_EQ(forecast.points(0).intervals(1).upper(), 0.4);
}

TEST_F(ForecastServiceTest, AStreamGivesThemAll) {
  v1::StreamForecastsRequest request;
  request.set_parent("plants/P001/circuits/-");
  const auto context = rpc::MakeContext(kTimeout);
  const auto reader = forecasts_->StreamForecasts(context.get(), request);
  v1::StreamForecastsResponse response;
  std::set<std::string> names;
  while (reader->Read(&response)) {
    EXPECT_EQ(response.forecast().points_size(), 24);
    names.insert(response.forecast().name());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(names.size(), kForecasts);
}

}  // namespace
}  // namespace fleetcast::inference
