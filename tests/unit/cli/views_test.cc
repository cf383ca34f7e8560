#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "cli/views/config_view.h"
#include "cli/views/inference_view.h"
#include "cli/views/model_view.h"
#include "cli/views/proto_text.h"
#include "cli/views/tracking_view.h"
#include "cli/views/training_view.h"

namespace fleetcast::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'765'238'400);

trainer::v1::TrainingJob Job(trainer::v1::TrainingJob::State state) {
  trainer::v1::TrainingJob job;
  job.set_plant_id("P001");
  job.set_circuit_id("C001");
  job.set_state(state);
  return job;
}

TEST(TrainingView, TellsTheGatesVerdictOfASuccess) {
  auto job = Job(trainer::v1::TrainingJob::STATE_SUCCEEDED);
  job.set_model_version("models/sensor-model/versions/7");
  job.mutable_gate_outcome()->set_verdict(trainer::v1::GateOutcome::VERDICT_BETTER);
  job.mutable_gate_outcome()->set_mae(0.5);
  job.mutable_gate_outcome()->set_skill(0.25);
  EXPECT_EQ(ProgressOf(job).note, "v7 better, MAE 0.5000, skill +25.0%");
  job.mutable_gate_outcome()->set_verdict(trainer::v1::GateOutcome::VERDICT_NOT_BETTER);
  job.mutable_gate_outcome()->set_why("not better: not below the champion's 0.4");
  EXPECT_EQ(ProgressOf(job).note,
            "v7 not better, MAE 0.5000, skill +25.0%: not below the champion's 0.4");
}

TEST(TrainingView, TellsKindReasonAndMessageOfAFailure) {
  auto job = Job(trainer::v1::TrainingJob::STATE_FAILED);
  job.mutable_failure()->set_kind(workqueue::v1::Failure::KIND_DATA);
  job.mutable_failure()->set_reason("DATA_TOO_FEW_ROWS");
  job.mutable_failure()->set_message("12 rows, 100 needed");
  EXPECT_EQ(FailureText(job), "DATA DATA_TOO_FEW_ROWS: 12 rows, 100 needed");
  EXPECT_EQ(ProgressOf(job).standing, Standing::kFailed);
}

TEST(TrainingView, ShowsWhatAJobIsDoing) {
  auto job = Job(trainer::v1::TrainingJob::STATE_RUNNING);
  job.mutable_progress()->set_phase(trainer::v1::TrainingProgress::PHASE_READING_DATA);
  EXPECT_EQ(ProgressOf(job).phase, "reading data");
  job.mutable_progress()->set_epoch(3);
  job.mutable_progress()->set_epochs(9);
  job.mutable_progress()->set_validation_loss(0);
  EXPECT_EQ(ProgressOf(job).loss, std::nullopt);
  job.mutable_progress()->set_training_loss(0.5);
  EXPECT_EQ(ProgressOf(job).loss, 0.5);
  job.mutable_progress()->set_validation_loss(0.75);
  EXPECT_EQ(ProgressOf(job).loss, 0.75);
}

TEST(TrainingView, SaysWhatARunningJobWaitsFor) {
  trainer::v1::TrainingRun run;
  run.set_name("trainingRuns/01j");
  auto job = Job(trainer::v1::TrainingJob::STATE_RUNNING);
  job.mutable_progress()->set_waits_for("No space left\non device");
  EXPECT_NE(TrainingRunText(run, {job}, {}, kNow).find("waits: No space left"), std::string::npos);
  job.set_state(trainer::v1::TrainingJob::STATE_FAILED);
  EXPECT_EQ(TrainingRunText(run, {job}, {}, kNow).find("waits:"), std::string::npos);
}

TEST(TrainingView, APlantsBaseIsToldByItsPlantAndItsCircuits) {
  trainer::v1::TrainingRun run;
  run.set_name("trainingRuns/01j");
  auto& selection = *run.mutable_spec()->mutable_circuit_selection();
  selection.add_circuits("plants/P001/circuits/-");
  selection.set_revision("main");
  selection.set_plant_base(true);
  trainer::v1::TrainingJob job;
  job.set_plant_id("P001");
  job.set_state(trainer::v1::TrainingJob::STATE_SUCCEEDED);
  job.set_state_reason("a base of 12 circuits, with a skill of +9.5 % on their test rows");
  job.set_model_version("models/plant-base/versions/3");
  job.set_remarks("CIRCUIT_LEFT_OUT: 2 (C003, C004)");
  job.mutable_progress()->set_circuits_read(14);
  job.mutable_progress()->set_circuits(14);
  const std::string text = TrainingRunText(run, {job}, {}, kNow);
  EXPECT_TRUE(absl::StrContains(text, "base of all of P001 at main")) << text;
  EXPECT_TRUE(absl::StrContains(text, "P001 (base)")) << text;
  EXPECT_TRUE(absl::StrContains(text, "14/14")) << text;
  EXPECT_TRUE(absl::StrContains(text, "plant-base/3, a base of 12 circuits")) << text;
  EXPECT_TRUE(absl::StrContains(text, "CIRCUIT_LEFT_OUT: 2 (C003, C004)")) << text;
  EXPECT_EQ(ProgressOf(job).circuit, "P001 (base)");
}

TEST(TrainingView, AVersionThatNoWindowMeasuredHasNoErrors) {
  trainer::v1::TrainingRun run;
  auto job = Job(trainer::v1::TrainingJob::STATE_SUCCEEDED);
  job.set_model_version("models/sensor-model/versions/2");
  job.set_base_version("models/plant-base/versions/3");
  auto& gate = *job.mutable_gate_outcome();
  gate.Clear();
  gate.set_verdict(trainer::v1::GateOutcome::VERDICT_NOT_COMPARABLE);
  gate.set_why("not comparable: no window of the test rows can be forecast and scored");
  const std::string text = TrainingRunText(run, {job}, {}, kNow);
  EXPECT_TRUE(absl::StrContains(text, "v2 not comparable: no window of the test rows")) << text;
  EXPECT_FALSE(absl::StrContains(text, "MAE")) << text;
  EXPECT_TRUE(absl::StrContains(text, "starts from plant-base/3")) << text;
}

TEST(TrainingView, ListsRunsWithWhatWasAskedFor) {
  trainer::v1::TrainingRun run;
  run.set_name("trainingRuns/01j");
  run.set_state(trainer::v1::TrainingRun::STATE_FAILED);
  run.mutable_spec()->mutable_revision_range()->set_base_revision("main");
  run.mutable_spec()->mutable_revision_range()->set_head_revision("topic");
  run.mutable_spec()->mutable_pull_request()->set_number(12);
  run.mutable_spec()->mutable_pull_request()->set_author("mia");
  run.mutable_job_counts()->set_total(3);
  run.mutable_job_counts()->set_succeeded(2);
  run.mutable_job_counts()->set_failed(1);
  *run.mutable_create_time() = ToTimestamp(kNow - absl::Minutes(5));
  EXPECT_EQ(TrainingRunsTable({run}, kNow).Render({}),
            "ID   STATE   JOBS           PR       CREATED  TIME  WHAT\n"
            "01j  FAILED  2/3, 1 failed  #12 mia  5m ago      -  main..topic\n");
}

TEST(TrainingView, SaysWholePlantsAndFleetsInWords) {
  trainer::v1::TrainingRun run;
  auto& selection = *run.mutable_spec()->mutable_circuit_selection();
  selection.set_revision("main");
  selection.add_circuits("plants/P001/circuits/C001");
  selection.add_circuits("plants/P002/circuits/-");
  EXPECT_TRUE(
      absl::StrContains(TrainingRunText(run, {}, {}, kNow), "P001/C001, all of P002 at main"));
  selection.clear_circuits();
  selection.add_circuits("plants/-/circuits/-");
  EXPECT_TRUE(absl::StrContains(TrainingRunText(run, {}, {}, kNow), "whole fleet at main"));
}

TEST(ConfigView, ChangeSaysWhichOtherFileItsNewValueComesFrom) {
  config::v1::DetectChangesResponse response;
  auto& change = *response.add_changes();
  for (const auto& [source, path] :
       {std::pair(config::v1::FieldChange::SOURCE_CIRCUIT_FILE, "config/plants/P001/C001.yml"),
        std::pair(config::v1::FieldChange::SOURCE_PLANT_DEFAULTS,
                  "config/plants/P001/defaults.yml"),
        std::pair(config::v1::FieldChange::SOURCE_BUILT_IN, "")}) {
    change.add_field_change_indexes(response.field_changes_size());
    auto& field = *response.add_field_changes();
    field.set_field("a");
    field.set_old_value("1");
    field.set_new_value("2");
    field.set_source(source);
    field.set_path(path);
    field.set_line(7);
  }
  const std::string text = ChangesTable(response).Render({});
  EXPECT_EQ(text.find("C001.yml"), std::string::npos) << text;
  EXPECT_NE(text.find("a: 1 -> 2 (config/plants/P001/defaults.yml:7)\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.substr(text.size() - 10), "a: 1 -> 2\n");
}

TEST(ConfigView, SaysDiagnosticsAsCompilersDo) {
  config::v1::Diagnostic diagnostic;
  diagnostic.set_severity(config::v1::Diagnostic::SEVERITY_ERROR);
  diagnostic.set_path("config/plants/P001/C001.yml");
  diagnostic.set_line(12);
  diagnostic.set_column(5);
  diagnostic.set_field("training.hyperparameters.epochs");
  diagnostic.set_reason("OUT_OF_RANGE");
  diagnostic.set_message("-1 is not allowed");
  diagnostic.set_remedy("give at least 1");
  EXPECT_EQ(DiagnosticText(diagnostic, false),
            "config/plants/P001/C001.yml:12:5: error: training.hyperparameters.epochs: -1 is not "
            "allowed [OUT_OF_RANGE]\n    give at least 1\n");
}

TEST(ModelView, MarksChampionsAndLeavesMissingMetricsOpen) {
  registry::v1::ModelVersion version;
  version.set_name("models/sensor-model/versions/2");
  version.set_version(2);
  (*version.mutable_tags())["plant_id"] = "P001";
  (*version.mutable_tags())["circuit_id"] = "C001";
  (*version.mutable_metrics())["mae"] = 0.25;
  const std::string text = ModelVersionsTable({version}, {version.name()}, kNow).Render({});
  EXPECT_TRUE(absl::StrContains(text, "P001/C001  champion")) << text;
  EXPECT_TRUE(absl::StrContains(text, "0.2500")) << text;
  EXPECT_TRUE(absl::StrContains(ModelVersionsTable({version}, {}, kNow).Render({}), "candidate"));
}

TEST(ModelView, TellsABaseFromACircuitsVersionAndWhatThatStartedFrom) {
  registry::v1::ModelVersion base;
  base.set_name("models/plant-base/versions/3");
  base.set_version(3);
  base.set_data_asset_version("dataAssets/plant_P001_base/versions/2025-12-09");
  (*base.mutable_tags())["plant_id"] = "P001";
  (*base.mutable_tags())["circuit_count"] = "12";
  (*base.mutable_tags())["cutoff_date"] = "2025-12-09";
  const std::string list = ModelVersionsTable({base}, {}, kNow).Render({});
  EXPECT_TRUE(absl::StrContains(list, "P001 (12 circuits)  base")) << list;
  EXPECT_TRUE(absl::StrContains(ModelVersionText(base, std::nullopt, {}), "P001 (12 circuits)"));
  registry::v1::ModelVersion version;
  version.set_name("models/sensor-model/versions/7");
  const std::string text = ModelVersionText(version, base, {});
  EXPECT_TRUE(absl::StrContains(text,
                                "models/plant-base/versions/3, of P001 (12 circuits) up to "
                                "2025-12-09: dataAssets/plant_P001_base/versions/2025-12-09"))
      << text;
}

TEST(ModelView, ReadsALineageAsSentences) {
  registry::v1::Lineage lineage;
  auto& edge = *lineage.add_edges();
  edge.set_subject("models/sensor-model/versions/2");
  edge.set_relation(registry::v1::LineageEdge::RELATION_TRAINED_ON);
  edge.set_object("dataAssets/a/versions/2025-12-09");
  (*edge.mutable_details())["row_count"] = "2880";
  EXPECT_TRUE(absl::StrContains(LineageTable(lineage).Render({}),
                                "models/sensor-model/versions/2  trained on  "
                                "dataAssets/a/versions/2025-12-09  row_count 2880"));
}

TEST(TrackingView, TellsHowADataAssetDiffersFromTheOneBefore) {
  registry::v1::DataAssetVersion version;
  version.set_name("dataAssets/plant_P001_circuit_C001/versions/2025-12-09.2");
  EXPECT_FALSE(absl::StrContains(DataAssetText(version, {}), "DIFFERS"));
  version.set_compared_with("dataAssets/plant_P001_circuit_C001/versions/2025-12-09");
  auto& difference = *version.add_differences();
  difference.set_kind(registry::v1::DataDifference::KIND_LATE_READINGS);
  difference.set_count(24);
  difference.set_message("24 rows have come since");
  const std::string text = DataAssetText(version, {});
  EXPECT_TRUE(absl::StrContains(text,
                                "DIFFERS FROM 2025-12-09  COUNT  WHAT\n"
                                "LATE_READINGS               24  24 rows have come since\n"))
      << text;
}

TEST(ForecastView, ShowsTheNextValueWithItsWidestInterval) {
  inference::v1::Forecast forecast;
  for (int step = 1; step <= 3; ++step) {
    auto& point = *forecast.add_points();
    point.set_step(step);
    point.set_value(10.0 * step);
    for (const double level : {80.0, 95.0}) {
      auto& interval = *point.add_intervals();
      interval.set_level(level);
      interval.set_lower(10.0 * step - level / 10);
      interval.set_upper(10.0 * step + level / 10);
    }
  }
  EXPECT_EQ(NextValueText(forecast), "10.00 (0.5000 to 19.50 at 95%)");
  EXPECT_TRUE(absl::StrContains(ForecastText(forecast, {}), "95% INTERVAL"));
  EXPECT_FALSE(absl::StrContains(ForecastText(forecast, {}), "remark"));
  auto& remark = *forecast.add_remarks();
  remark.set_kind("FILLED");
  remark.set_count(3);
  remark.set_text("3 of 24 values");
  EXPECT_TRUE(absl::StrContains(ForecastText(forecast, {}), "FILLED: 3 of 24 values"));
  EXPECT_TRUE(absl::StrContains(ForecastsTable({forecast}, kNow).Render({}), "FILLED 3\n"));
}

TEST(ForecastView, TellsWhatStoodInAndWhy) {
  inference::v1::Forecast forecast;
  forecast.set_source(inference::v1::Forecast::SOURCE_SEASONAL_NAIVE);
  forecast.set_source_reason("version 3 could not make it (MODEL_ARTIFACT_MISSING)");
  EXPECT_TRUE(absl::StrContains(ForecastsTable({forecast}, kNow).Render({}), "the day before"));
  const std::string text = ForecastText(forecast, {});
  EXPECT_TRUE(absl::StrContains(text, "SEASONAL_NAIVE")) << text;
  EXPECT_TRUE(absl::StrContains(text, "MODEL_ARTIFACT_MISSING")) << text;
  EXPECT_EQ(MadeByText(inference::v1::Forecast::SOURCE_EARLIER_VERSION,
                       "models/sensor-model/versions/11"),
            "v11 (earlier)");
  EXPECT_EQ(MadeByText(inference::v1::Forecast::SOURCE_DEPLOYED_VERSION,
                       "models/sensor-model/versions/12"),
            "v12");
  inference::v1::Sweep sweep;
  sweep.mutable_counts()->set_total(5);
  sweep.mutable_counts()->set_succeeded(5);
  sweep.mutable_counts()->set_on_fallback(2);
  EXPECT_TRUE(absl::StrContains(SweepsTable({sweep}, kNow).Render({}), "5/5, 2 on fallback"));
  EXPECT_TRUE(absl::StrContains(SweepsTable({sweep}, kNow).Render({}), "whole fleet"));
  for (int i = 1; i <= 7; ++i) sweep.add_circuits(absl::StrCat("plants/P001/circuits/C00", i));
  const std::string named = SweepsTable({sweep}, kNow).Render({});
  EXPECT_TRUE(absl::StrContains(named, "P001/C001, P001/C002")) << named;
  EXPECT_TRUE(absl::StrContains(named, "and 2 more")) << named;
}

TEST(Sparkline, SpansTheRangeOfItsValues) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({5, 5}), "▅▅");
  EXPECT_EQ(Sparkline({}), "");
}

TEST(SweepView, FindsTheFailedInvocation) {
  inference::v1::Invocation invocation;
  invocation.set_plant_id("P001");
  invocation.set_circuit_id("C001");
  invocation.set_state(inference::v1::Invocation::STATE_FAILED);
  invocation.mutable_failure()->set_kind(workqueue::v1::Failure::KIND_DATA);
  invocation.mutable_failure()->set_reason("DATA_STALE");
  invocation.mutable_failure()->set_message("last reading is 3 days old");
  EXPECT_EQ(ProgressOf(invocation).note, "DATA DATA_STALE: last reading is 3 days old");
}

}  // namespace
}  // namespace fleetcast::cli
