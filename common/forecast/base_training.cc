// A plant's base: what circuits have in common, from all of them at once.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/forecast/base.h"
#include "common/forecast/intervals.h"
#include "common/forecast/members.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/training_record.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

constexpr char kTarget[] = "target";
// Windows of all circuits together: more tell a pooled regression nothing new.
constexpr std::size_t kMostTrainWindows = 131'072, kMostOtherWindows = 16'384;

// Circuits that are learnt from, and those that are not.
struct Pool {
  std::vector<const BaseCircuit*> circuits;
  std::vector<TrainingView> views;  // one for each
  std::vector<Remark> remarks;
};

// What of `circuit` a base looks at.
ModelSpec SpecIn(const BaseCircuit& circuit, const ModelSpec& spec) {
  ModelSpec here = spec;
  here.target_column = circuit.spec.target_column;
  here.minimum = circuit.spec.minimum;
  here.maximum = circuit.spec.maximum;
  return here;
}

absl::StatusOr<InputLayout> PooledLayout(const std::vector<BaseCircuit>& circuits,
                                         const ModelSpec& spec, const SplitShares& shares) {
  std::size_t rows = 0;
  for (const BaseCircuit& circuit : circuits) rows = std::max(rows, circuit.series.rows());
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t step, RegularStep(circuits[0].series));
  InputLayout layout = LayoutOf(spec, step, SplitOf(rows, shares).train.end);
  layout.segment = layout.segments = 0;
  layout.week_cycle = false;
  return layout;
}

absl::StatusOr<TrainingView> PooledView(const BaseCircuit& circuit, const ModelSpec& spec,
                                        const SplitShares& shares, InputLayout layout) {
  FLEETCAST_ASSIGN_OR_RETURN(Preparation prepared, Prepare(circuit.series, SpecIn(circuit, spec),
                                                           shares, /*by_calendar=*/false));
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t step, RegularStep(circuit.series));
  if (step != layout.step_seconds) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_IRREGULAR_STEP",
                   absl::StrCat("its rows are ", step, " s apart, the first circuit's ",
                                layout.step_seconds, " s"));
  }
  layout.fills_by_day = prepared.layout.fills_by_day;
  layout.fewest_readings = prepared.layout.fewest_readings;
  prepared.layout = layout;
  return ViewOf(circuit.series, std::move(prepared));
}

absl::StatusOr<Pool> PoolOf(const std::vector<BaseCircuit>& circuits, const ModelSpec& spec,
                            const SplitShares& shares, Heartbeat& heartbeat) {
  if (circuits.empty())
    return InvalidField("circuits", "is empty; a base needs some to learn from");
  FLEETCAST_ASSIGN_OR_RETURN(const InputLayout layout, PooledLayout(circuits, spec, shares));
  Pool pool;
  absl::Status why;
  for (const BaseCircuit& circuit : circuits) {
    absl::StatusOr<TrainingView> view = PooledView(circuit, spec, shares, layout);
    if (!heartbeat.Beat()) return heartbeat.Cancelled();
    if (view.ok()) {
      pool.circuits.push_back(&circuit);
      pool.views.push_back(*std::move(view));
      continue;
    }
    why.Update(view.status());
    pool.remarks.push_back(
        {.kind = "CIRCUIT_LEFT_OUT",
         .column = circuit.name,
         .count = 1,
         .text = absl::StrCat(circuit.name, " is left out: ", view.status().message())});
  }
  if (pool.views.empty()) return why;
  for (TrainingView& view : pool.views) {
    Windows& windows = view.windows;
    const auto share = [&](std::size_t most) {
      return std::max<std::size_t>(1, most / pool.views.size());
    };
    windows.train = Thin(windows.train, share(kMostTrainWindows));
    windows.choosing = Thin(windows.choosing, share(kMostOtherWindows));
    windows.calibrating = Thin(windows.calibrating, share(kMostOtherWindows));
  }
  return pool;
}

// Of values in units of their circuits' usual changes.
Scaling PooledScaling(const std::vector<TrainingView>& views) {
  Scaling scaling{.change = 1, .season_change = 0, .levels = {{.mean = 0, .scale = 0}}};
  for (const TrainingView& view : views) {
    const Scaling& each = view.prepared.scaling;
    const double weight = 1 / (each.change * static_cast<double>(views.size()));
    scaling.season_change += weight * each.season_change;
    scaling.levels[0].scale += weight * each.levels[0].scale;
  }
  return scaling;
}

void Scale(double factor, ScoredWindow& window) {
  const auto scale = [&](std::vector<double>& values) {
    for (double& value : values) value *= factor;
  };
  window.last_value *= factor;
  for (std::vector<double>* values : {&window.forecast, &window.actual, &window.seasonal}) {
    scale(*values);
  }
  for (Interval& interval : window.intervals) {
    scale(interval.lower);
    scale(interval.upper);
  }
}

// The base as the model of each circuit that it has learnt from.
std::vector<ModelParts> OnEach(const Pool& pool, const ModelParts& base) {
  std::vector<ModelParts> parts;
  parts.reserve(pool.views.size());
  for (std::size_t i = 0; i < pool.views.size(); ++i) {
    parts.push_back(BaseOn(base, SpecIn(*pool.circuits[i], base.spec), pool.views[i].prepared));
  }
  return parts;
}

absl::StatusOr<std::vector<IntervalOffsets>> PooledIntervals(const Pool& pool,
                                                             const std::vector<ModelParts>& parts) {
  StepErrors errors;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    FLEETCAST_ASSIGN_OR_RETURN(const InputTable table, TableOf(pool.circuits[i]->series, parts[i]));
    const Windows& windows = pool.views[i].windows;
    for (const Part part : {&Windows::choosing, &Windows::calibrating}) {
      AddErrors(parts[i], table, windows.*part, parts[i].scaling.change, errors);
    }
  }
  return IntervalsOf(std::move(errors), parts[0].spec.interval_levels);
}

// Over the windows of all circuits in one part of their splits.
absl::StatusOr<Metrics> Judge(const Pool& pool, const ModelParts& base, RowRange SplitRows::*part) {
  MetricsSum sum(static_cast<std::size_t>(base.spec.horizon), base.spec.interval_levels);
  std::vector<ModelParts> parts = OnEach(pool, base);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double change = parts[i].scaling.change;
    FLEETCAST_ASSIGN_OR_RETURN(parts[i].intervals, IntervalsOfBase(base, base.spec, change));
    const Model model = ModelBuilder::Build(std::move(parts[i]));
    FLEETCAST_RETURN_IF_ERROR(model
                                  .Evaluate(pool.circuits[i]->series,
                                            pool.views[i].prepared.split.*part, {},
                                            [&](ScoredWindow window) {
                                              Scale(1 / change, window);
                                              sum.Add(window);
                                            })
                                  .status());
  }
  return sum.Result(base.scaling.season_change);
}

// One circuit's rows after another's, as if the parts were stretches of one series.
SplitRows RowsOf(const Pool& pool) {
  SplitRows sum;
  for (const TrainingView& view : pool.views) {
    const SplitRows& split = view.prepared.split;
    sum.train.end += split.train.end - split.train.begin;
    sum.validation.end += split.validation.end - split.validation.begin;
    sum.test.end += split.test.end - split.test.begin;
  }
  sum.validation = {sum.train.end, sum.train.end + sum.validation.end};
  sum.test = {sum.validation.end, sum.validation.end + sum.test.end};
  return sum;
}

// Of the "target" that all of their targets are.
Preparation PreparationOf(const Pool& pool) {
  Preparation pooled{.split = RowsOf(pool),
                     .columns = {kTarget},
                     .indices = {},
                     .plausible = {kEverythingPlausible},
                     .layout = pool.views[0].prepared.layout,
                     .scaling = PooledScaling(pool.views),
                     .calendar = std::nullopt,
                     .remarks = {}};
  pooled.layout.fewest_readings = 1;
  return pooled;
}

DataSpan SpanOf(const Pool& pool) {
  DataSpan span = forecast::SpanOf(pool.circuits[0]->series);
  span.rows = 0;
  for (const BaseCircuit* circuit : pool.circuits) {
    const DataSpan each = forecast::SpanOf(circuit->series);
    span.rows += each.rows;
    span.first_unix_seconds = std::min(span.first_unix_seconds, each.first_unix_seconds);
    span.last_unix_seconds = std::max(span.last_unix_seconds, each.last_unix_seconds);
  }
  return span;
}

absl::StatusOr<TrainedModel> TrainBaseWith(const std::vector<BaseCircuit>& circuits,
                                           const ModelSpec& wanted, const SplitShares& shares,
                                           const ProgressCallback& progress) {
  ModelSpec spec = wanted;
  spec.target_column = kTarget;
  spec.feature_columns = {};
  spec.minimum = spec.maximum = std::nullopt;
  spec.calendar = std::nullopt;
  FLEETCAST_RETURN_IF_ERROR(ValidateSpec(spec));
  FLEETCAST_RETURN_IF_ERROR(ValidateSplit(shares));
  Heartbeat heartbeat(progress, /*epochs=*/1);
  heartbeat.StartEpoch(1);
  FLEETCAST_ASSIGN_OR_RETURN(const Pool pool, PoolOf(circuits, spec, shares, heartbeat));
  Members members(spec, pool.views);
  FLEETCAST_RETURN_IF_ERROR(members.Train(heartbeat));
  const Preparation pooled = PreparationOf(pool);
  const auto base_of_members = [&] {
    InputLayout layout = pooled.layout;
    Network network = members.Combine(layout);
    return PartsOf(spec, pooled, layout, std::move(network));
  };
  ModelParts base = base_of_members();
  FLEETCAST_ASSIGN_OR_RETURN(base.intervals, PooledIntervals(pool, OnEach(pool, base)));
  FLEETCAST_ASSIGN_OR_RETURN(const Metrics validation, Judge(pool, base, &SplitRows::validation));
  FLEETCAST_RETURN_IF_ERROR(members.Refit(heartbeat));
  std::vector<IntervalOffsets> intervals = std::move(base.intervals);
  base = base_of_members();
  base.intervals = std::move(intervals);
  FLEETCAST_ASSIGN_OR_RETURN(const Metrics test, Judge(pool, base, &SplitRows::test));
  TrainedModel trained{.model = ModelBuilder::Build(std::move(base)),
                       .validation = validation,
                       .test = test,
                       .train_rows = pooled.split.train,
                       .validation_rows = pooled.split.validation,
                       .test_rows = pooled.split.test,
                       .uses_calendar = false,
                       .members = members.shares(),
                       .remarks = pool.remarks,
                       .best_epoch = 0,
                       .history = {}};
  ModelBuilder::SetTrainingRecord(TrainingRecord(SpanOf(pool), trained), trained.model);
  return trained;
}

}  // namespace

absl::StatusOr<TrainedModel> TrainBase(const std::vector<BaseCircuit>& circuits,
                                       const ModelSpec& spec, const SplitShares& split,
                                       const ProgressCallback& progress) {
  return CatchTorchErrors("training a base",
                          [&] { return TrainBaseWith(circuits, spec, split, progress); });
}

}  // namespace fleetcast::forecast
