// Training: preparation, members, their combination, intervals, judgement.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/forecast/base.h"
#include "common/forecast/intervals.h"
#include "common/forecast/members.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/model_state.h"
#include "common/forecast/preparation.h"
#include "common/forecast/training_record.h"

namespace fleetcast::forecast {
namespace {

// A calendar is looked at where it takes so much of the regressions' error away: less, on a sensor
// that knows no calendar, is luck that does not last (ETTh1, rows before 11,520).
constexpr double kWorthACalendar = 0.02;
// Windows over fewer horizons than these tell less of a base's errors than other circuits do.
constexpr std::size_t kHorizonsOfErrors = 5;
// Validation windows over fewer horizons than these tell less of a circuit's own members than is
// known of a base.
constexpr std::size_t kHorizonsToJudge = 10;

void RemarkUnusedColumns(const Preparation& prepared, bool used, std::vector<Remark>& remarks) {
  if (used || prepared.columns.size() < 2) return;
  remarks.push_back({.kind = "COLUMNS_UNUSED",
                     .column = "",
                     .count = static_cast<std::int64_t>(prepared.columns.size()) - 1,
                     .text = absl::StrCat("the ", prepared.columns.size() - 1,
                                          " other feature columns do not help on the validation "
                                          "part and have no influence")});
}

// Of columns whose levels are inputs.
void RemarkClipped(const TimeSeries& series, const Preparation& prepared,
                   std::vector<Remark>& remarks) {
  for (std::size_t i = 0; i < prepared.columns.size(); ++i) {
    std::vector<double> values = ColumnValues(series, prepared.indices[i], prepared.split.train);
    MaskOutliers(prepared.plausible[i], values);
    const ColumnScale& scale = prepared.scaling.levels[i];
    const auto clipped = std::count_if(values.begin(), values.end(), [&](double value) {
      return std::abs(value - scale.mean) > kLargestLevel * scale.scale;
    });
    if (clipped == 0) continue;
    remarks.push_back({.kind = "CLIPPED",
                       .column = prepared.columns[i],
                       .count = clipped,
                       .text = absl::StrCat("column \"", prepared.columns[i], "\": ", clipped,
                                            " training values are more than ", kLargestLevel,
                                            " standard deviations from their mean, ", scale.mean,
                                            ", and count as that far from it")});
  }
}

// With the calendar where the regressions do better with it on the windows that choose.
absl::StatusOr<TrainingView> BestView(const TimeSeries& series, const ModelSpec& spec,
                                      const SplitShares& shares, Heartbeat& heartbeat) {
  const auto view_of = [&](bool by_calendar) -> absl::StatusOr<TrainingView> {
    FLEETCAST_ASSIGN_OR_RETURN(Preparation prepared, Prepare(series, spec, shares, by_calendar));
    return ViewOf(series, std::move(prepared));
  };
  FLEETCAST_ASSIGN_OR_RETURN(auto plain, view_of(/*by_calendar=*/false));
  if (!spec.calendar) return plain;
  FLEETCAST_ASSIGN_OR_RETURN(auto by_calendar, view_of(/*by_calendar=*/true));
  const auto error = [&](const TrainingView& view) -> absl::StatusOr<double> {
    FLEETCAST_ASSIGN_OR_RETURN(const double least,
                               Members(spec, {&view, 1}).RegressionError(heartbeat));
    return view.prepared.scaling.change * least;
  };
  FLEETCAST_ASSIGN_OR_RETURN(const double without, error(plain));
  FLEETCAST_ASSIGN_OR_RETURN(const double with, error(by_calendar));
  const bool helps = with < (1 - kWorthACalendar) * without;
  if (by_calendar.prepared.calendar && helps) return by_calendar;
  plain.prepared.remarks.push_back(
      {.kind = "CALENDAR_UNUSED",
       .column = "",
       .count = 1,
       .text = by_calendar.prepared.calendar
                   ? absl::StrCat("the plant's calendar helps little on the validation part (MAE ",
                                  with, " with it, ", without, " without) and has no influence")
                   : "rows that do not divide a day evenly cannot be held against a calendar"});
  return plain;
}

// The complete model, before it is judged.
TrainedModel Unjudged(ModelParts parts, const SplitRows& split, std::vector<Remark> remarks) {
  return {.model = ModelBuilder::Build(std::move(parts)),
          .validation = {},
          .test = {},
          .train_rows = split.train,
          .validation_rows = split.validation,
          .test_rows = split.test,
          .uses_calendar = false,
          .members = {},
          .remarks = std::move(remarks),
          .best_epoch = 0,
          .history = {}};
}

absl::StatusOr<TrainedModel> TrainMembers(const TimeSeries& series, const ModelSpec& spec,
                                          TrainingView view, const ModelParts* base,
                                          Heartbeat& heartbeat) {
  Preparation& prepared = view.prepared;
  std::vector<LinearMember> given;
  if (base != nullptr) {
    FLEETCAST_RETURN_IF_ERROR(CheckBase(*base, prepared.layout));
    given.push_back(BaseMember(*base, prepared.layout, static_cast<int>(prepared.columns.size())));
  }
  Members members(spec, {&view, 1}, std::move(given));
  FLEETCAST_RETURN_IF_ERROR(members.Train(heartbeat));

  const auto model_of_members = [&] {
    InputLayout layout = prepared.layout;
    Network network = members.Combine(layout);
    return PartsOf(spec, prepared, layout, std::move(network));
  };
  ModelParts parts = model_of_members();
  FLEETCAST_ASSIGN_OR_RETURN(const InputTable final_table, TableOf(series, parts));
  StepErrors errors;
  AddErrors(parts, final_table, view.windows.choosing, /*unit=*/1, errors);
  AddErrors(parts, final_table, view.windows.calibrating, /*unit=*/1, errors);
  parts.intervals = IntervalsOf(std::move(errors), spec.interval_levels);
  const Model judged = ModelBuilder::Build(std::move(parts));
  FLEETCAST_ASSIGN_OR_RETURN(Metrics validation,
                             judged.Evaluate(series, prepared.split.validation));
  // The newest rows have judged: now they teach.
  FLEETCAST_RETURN_IF_ERROR(members.Refit(heartbeat));
  parts = model_of_members();
  parts.intervals = ModelBuilder::PartsOf(judged).intervals;
  std::vector<Remark> remarks = std::move(prepared.remarks);
  RemarkUnusedColumns(prepared, members.uses_columns(), remarks);
  if (members.uses_columns()) RemarkClipped(series, prepared, remarks);
  TrainedModel trained = Unjudged(std::move(parts), prepared.split, std::move(remarks));
  trained.validation = std::move(validation);
  trained.uses_calendar = prepared.calendar.has_value();
  trained.members = members.shares();
  for (MemberShare& share : trained.members) share.validation_mae *= prepared.scaling.change;
  trained.best_epoch = members.lstm().best_epoch;
  trained.history = members.lstm().history;
  FLEETCAST_ASSIGN_OR_RETURN(trained.test, trained.model.Evaluate(series, prepared.split.test));
  return trained;
}

// The base as the whole model of a circuit with too few rows, for the reason `why`. It has learnt
// nothing from them, so that all before the test part may tell its errors.
absl::StatusOr<TrainedModel> BaseAlone(const TimeSeries& series, const ModelSpec& spec,
                                       const SplitShares& shares, const ModelParts& base,
                                       const absl::Status& why) {
  ModelSpec target_only = spec;
  target_only.feature_columns = {};
  FLEETCAST_ASSIGN_OR_RETURN(Preparation prepared,
                             Prepare(series, target_only, shares, /*by_calendar=*/false));
  FLEETCAST_RETURN_IF_ERROR(CheckBase(base, prepared.layout));
  prepared.layout = LayoutAlone(base, prepared.layout, series.rows());
  if (series.rows() < prepared.layout.input_rows()) return why;
  ModelParts parts = BaseOn(base, spec, prepared);
  parts.base_alone = true;
  FLEETCAST_ASSIGN_OR_RETURN(const InputTable table, TableOf(series, parts));
  const auto horizon = static_cast<std::size_t>(spec.horizon);
  const std::vector<std::size_t> own = UsableOrigins(table, {0, prepared.split.validation.end},
                                                     prepared.layout.input_rows(), horizon, 1);
  const bool enough = own.size() >= kHorizonsOfErrors * horizon;
  if (enough) {
    StepErrors errors;
    AddErrors(parts, table, own, /*unit=*/1, errors);
    parts.intervals = IntervalsOf(std::move(errors), spec.interval_levels);
  } else {
    FLEETCAST_ASSIGN_OR_RETURN(parts.intervals,
                               IntervalsOfBase(base, spec, prepared.scaling.change));
  }
  std::vector<Remark> remarks = std::move(prepared.remarks);
  remarks.push_back({.kind = "BASE_ALONE",
                     .column = "",
                     .count = static_cast<std::int64_t>(series.rows()),
                     .text = absl::StrCat(kBaseName,
                                          " forecasts alone, with intervals of its errors "
                                          "on ",
                                          enough ? "this circuit" : "the plant's circuits",
                                          ", for ", why.message())});
  TrainedModel trained = Unjudged(std::move(parts), prepared.split, std::move(remarks));
  trained.members = {{.name = kBaseName, .weight = 1, .validation_mae = 0}};
  // Few rows may hold no window to be judged on.
  if (auto judged = trained.model.Evaluate(series, prepared.split.validation); judged.ok()) {
    trained.validation = *std::move(judged);
    trained.members[0].validation_mae = trained.validation.mae;
  }
  if (auto judged = trained.model.Evaluate(series, prepared.split.test); judged.ok()) {
    trained.test = *std::move(judged);
  }
  return trained;
}

// A view with windows enough for members of its own beside a base. DATA_TOO_FEW_ROWS.
absl::StatusOr<TrainingView> WhereEnough(TrainingView view) {
  const std::size_t windows = view.windows.choosing.size() + view.windows.calibrating.size();
  const auto horizon = static_cast<std::size_t>(view.prepared.layout.horizon);
  if (windows >= kHorizonsToJudge * horizon) return view;
  return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                 absl::StrCat("the validation part has ", windows,
                              " windows; members of its own need ", kHorizonsToJudge * horizon));
}

absl::StatusOr<TrainedModel> TrainWith(const TimeSeries& series, const ModelSpec& spec,
                                       const SplitShares& shares, const ProgressCallback& progress,
                                       const ModelParts* base) {
  FLEETCAST_RETURN_IF_ERROR(ValidateSpec(spec));
  FLEETCAST_RETURN_IF_ERROR(ValidateSplit(shares));
  Heartbeat heartbeat(progress, spec.epochs);
  heartbeat.StartEpoch(1);  // what comes before counts to it
  absl::StatusOr<TrainingView> view = BestView(series, spec, shares, heartbeat);
  if (view.ok() && base != nullptr) view = WhereEnough(*std::move(view));
  const bool too_few = ReasonOf(view.status()) == "DATA_TOO_FEW_ROWS";
  if (!view.ok() && (base == nullptr || !too_few)) return view.status();
  FLEETCAST_ASSIGN_OR_RETURN(TrainedModel trained,
                             view.ok()
                                 ? TrainMembers(series, spec, *std::move(view), base, heartbeat)
                                 : BaseAlone(series, spec, shares, *base, view.status()));
  ModelBuilder::SetTrainingRecord(TrainingRecord(SpanOf(series), trained), trained.model);
  return trained;
}

}  // namespace

absl::StatusOr<TrainedModel> Train(const TimeSeries& series, const ModelSpec& spec,
                                   const SplitShares& split, const ProgressCallback& progress,
                                   const Model* base) {
  return CatchTorchErrors("training", [&] {
    return TrainWith(series, spec, split, progress,
                     base == nullptr ? nullptr : &ModelBuilder::PartsOf(*base));
  });
}

}  // namespace fleetcast::forecast
