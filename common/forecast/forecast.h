// The forecasting library: train one circuit's model, judge it, keep it in a file, forecast with
// it. No torch header appears here, and nothing here knows gRPC or Postgres.
//
// Reasons on errors (see ReasonOf): DATA_TOO_FEW_ROWS, DATA_NOT_FINITE, DATA_COLUMN_MISSING,
// DATA_CONSTANT_TARGET, DATA_IRREGULAR_STEP (FAILED_PRECONDITION: the data is at fault),
// HYPERPARAMETER_INVALID, ROW_RANGE_INVALID, BASE_DOES_NOT_FIT (INVALID_ARGUMENT),
// TRAINING_DIVERGED (ABORTED, names the epoch), TRAINING_CANCELLED (CANCELLED), MODEL_FILE_CORRUPT
// (DATA_LOSS).
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/plant_calendar.h"
#include "common/base/time_series.h"

namespace fleetcast::forecast {

struct ModelSpec {
  int sequence_length = 24;  // steps of input
  int horizon = 24;          // steps forecast
  int lstm_units = 128;
  double dropout = 0.2;
  double learning_rate = 0.001;
  int batch_size = 32;
  int epochs = 50;                                 // at most; early stopping may end sooner
  std::vector<double> interval_levels = {80, 95};  // percent, ascending
  std::uint64_t seed = 0;
  std::string precision = "float32";
  std::vector<std::string> feature_columns;
  std::string target_column;
  // What the target can be at all: readings beyond are none, forecasts and intervals stay within.
  std::optional<double> minimum, maximum;
  // Of the plant, where its time zone or more of it is known: looked at where that helps on the
  // validation part.
  std::optional<PlantCalendar> calendar;
  // SHA-256 hex of the canonical rows trained on; kept with the model, "" where it is not known.
  std::string data_fingerprint;
};

// Something that was done to data on the way to a model or a forecast and that nobody asked for.
struct Remark {
  // FILLED, OUTLIER, STANDSTILL, COLUMN_WITHOUT_READINGS, COLUMN_CONSTANT, COLUMN_DEAD,
  // COLUMNS_UNUSED, CALENDAR_UNUSED, CLIPPED, BASE_ALONE, CIRCUIT_LEFT_OUT in training; FILLED,
  // DOUBTED, COLUMN_DEAD, CLIPPED, AT_BOUND, BASE_ALONE in a forecast.
  std::string kind;
  std::string column;      // "" where the rows or the model are meant; of CIRCUIT_LEFT_OUT its name
  std::int64_t count = 0;  // values or windows concerned, where they can be counted
  std::string text;        // for people: what, where first, and what was done about it
};

// A part of a model, and how much of the forecast is its. The last of a model's is the forecast
// that repeats the last value, which has what the other weights lack to 1.
struct MemberShare {
  std::string name;   // what it looks at, for people
  double weight = 0;  // 0 or above
  double validation_mae =
      0;  // of it alone, in the target's unit, on the windows that chose weights
};

// Chronological: the first rows train, the next validate, the last test; shares of the rows.
struct SplitShares {
  double train = 0.7;
  double validation = 0.15;  // the rest is the test part
};

// Row bounds [begin, end) of a part; a window belongs to the part that holds all its targets,
// its inputs may reach back before the border.
struct RowRange {
  std::size_t begin = 0, end = 0;
};

// Errors in the target's own unit. The season of the seasonal-naive forecast is one day where the
// step divides a day and a day lies before the part, else the horizon; where its value is missing,
// the last value stands in. Every number is finite: a skill against a naive forecast without error
// is 0 (no error either) or -1, as is r2 of constant values (1 without error, else 0).
struct ForecastErrors {
  double mae = 0, rmse = 0, r2 = 0;
  // mae in units of the mean absolute change over a season within the training rows (Hyndman and
  // Koehler 2006).
  double mase = 0;
  double mae_repeat_last = 0, rmse_repeat_last = 0;  // of the forecast that repeats the last value
  double mae_seasonal_naive = 0,
         rmse_seasonal_naive = 0;      // of the one that repeats the last season
  double skill_vs_repeat_last = 0;     // 1 - mae / mae_repeat_last
  double skill_vs_seasonal_naive = 0;  // 1 - mae / mae_seasonal_naive
  // 1 - mae / the better naive's mae; above 0 beats both.
  [[nodiscard]] double skill() const {
    return skill_vs_repeat_last < skill_vs_seasonal_naive ? skill_vs_repeat_last
                                                          : skill_vs_seasonal_naive;
  }
};

// How much of what came lay within the intervals of one level.
struct Coverage {
  double level = 0;  // percent: what was asked for
  double share = 0;  // percent: what was found
};

// Over every window and step of a part, and for each step alone.
struct Metrics : ForecastErrors {
  std::int64_t windows = 0;
  std::vector<Coverage> coverage;       // one per interval level
  std::vector<ForecastErrors> by_step;  // [horizon]
};

struct EpochProgress {
  int epoch = 0, epochs = 0;                      // 1-based, of at most
  double training_loss = 0, validation_loss = 0;  // on scaled values
};

// Called from the training thread after each epoch and, with the epoch's losses so far, at least
// every few seconds within one. False stops training: TRAINING_CANCELLED.
using ProgressCallback = std::function<bool(const EpochProgress&)>;

// What a value must be to be scored, and a window to be taken by Evaluate, beyond what the model
// asks for itself: two models are compared on the same values if each is given the other's needs().
struct EvaluationWindows {
  std::size_t input_rows_at_least = 0;  // rows that must lie before the targets
  std::size_t readings_at_least = 0;    // of the target in the spread_rows before them
  std::size_t spread_rows = 0;
  double lowest = -INFINITY, highest = INFINITY, jump = INFINITY;  // see plausible.h
  std::size_t windows_at_most = 0;  // evenly spread over the part; 0: all
};

// `level` percent of the errors at each step, on the validation windows, lie within the interval,
// as many of the rest above as below (split-conformal, with the finite-sample correction; the
// largest error where they are too few), each in units of its window's difficulty, which grows with
// the sensor's spread over the last week.
struct Interval {
  double level = 0;           // percent
  std::vector<double> lower;  // [horizon], target's unit
  std::vector<double> upper;
};

// One window of Evaluate: what was forecast, what came, and what the naive forecasts were, by step;
// NaN came where it is not scored.
struct ScoredWindow {
  std::int64_t issue_unix_seconds = 0;
  double last_value = 0;
  std::vector<double> forecast, actual, seasonal;  // [horizon]
  std::vector<Interval> intervals;                 // one per interval level
};
using ScoredWindowVisitor = std::function<void(const ScoredWindow&)>;

struct ForecastResult {
  std::int64_t issue_unix_seconds = 0;     // timestamp of the last input row
  std::vector<std::int64_t> unix_seconds;  // [horizon]
  std::vector<double> values;              // [horizon], target's unit
  std::vector<Interval> intervals;         // one per interval level, ascending
  std::vector<Remark> remarks;             // what of the last readings was filled or doubted
};

// A trained model. Immutable; thread safe.
class Model {
 public:
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  [[nodiscard]] const ModelSpec& spec() const;
  // Rows that Forecast needs at least: as far as any member looks back.
  [[nodiscard]] std::size_t input_rows() const;
  // Seconds between the rows that it was trained on.
  [[nodiscard]] std::int64_t step_seconds() const;
  // The columns that it reads: the target, then the others where it looks at them.
  [[nodiscard]] std::vector<std::string> input_columns() const;
  [[nodiscard]] EvaluationWindows needs() const;
  // Whether it is the plant's base, for want of the circuit's own rows: see Train.
  [[nodiscard]] bool is_base_alone() const;
  // The target's values [rows] in `series`, NaN where there is none or where it is an outlier:
  // what Evaluate would score. All are NaN where there is no such column.
  [[nodiscard]] std::vector<double> PlausibleTarget(const TimeSeries& series) const;
  // Forecasts what follows the last row of `history`, whose last input_rows() rows must be one
  // training step apart. Missing values (NaN) are filled from those before, outliers count as
  // missing, both are remarked; refused is what has no reading of the target in the last four rows,
  // or only a quarter of the usual number in the last week: DATA_NOT_FINITE. Also
  // DATA_TOO_FEW_ROWS, DATA_COLUMN_MISSING, DATA_IRREGULAR_STEP.
  [[nodiscard]] absl::StatusOr<ForecastResult> Forecast(const TimeSeries& history) const;
  // Errors over every window whose targets lie in `part`; inputs may reach back before it. Values
  // that are missing or outliers are not scored; DATA_TOO_FEW_ROWS if no value remains. What Train
  // reports as `test` is Evaluate(series, test_rows). `visit`, which may be empty, gets the windows
  // in order of time.
  [[nodiscard]] absl::StatusOr<Metrics> Evaluate(const TimeSeries& series, RowRange part,
                                                 const EvaluationWindows& windows = {},
                                                 const ScoredWindowVisitor& visit = nullptr) const;
  // The error that `mase` takes for 1.
  [[nodiscard]] double mase_scale() const;

  // The model's folder as one uncompressed tar: model.onnx (raw values in, forecasts and intervals
  // out, for any ONNX runtime), model.json (specification, split, metrics, residual quantiles) and
  // MLmodel (for MLflow's tools). Nothing in it is ever run by Parse and Map.
  [[nodiscard]] std::string Serialize() const;
  // Checks every file's hash, every value and every shape before use. Keeps `bytes`, whose weights
  // are used where they lie. DATA_LOSS with reason MODEL_FILE_CORRUPT, naming the file.
  [[nodiscard]] static absl::StatusOr<Model> Parse(std::string bytes);
  // The same of a tar, or of the folder, whose files are mapped into memory: pages are
  // shared with whoever else maps them. Also MODEL_FILE_UNREADABLE.
  [[nodiscard]] static absl::StatusOr<Model> Map(const std::string& path);

 private:
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend class ModelBuilder;
};

struct TrainedModel {
  Model model;
  Metrics validation, test;
  RowRange train_rows, validation_rows, test_rows;
  bool uses_calendar = false;
  std::vector<MemberShare> members;    // in the order in which they were trained
  std::vector<Remark> remarks;         // everything that was left out or masked
  int best_epoch = 0;                  // of the LSTM
  std::vector<EpochProgress> history;  // of the LSTM, one per epoch run
};

// Trains on the calling thread. The same series, spec, split and base give the same model on the
// same machine, whatever else runs in the process. `series` is a regular grid with NaN where a
// value is missing, nothing filled. Dead columns are left out, outliers masked, gaps filled from
// what was before them; the result's remarks say so. `progress` may be empty.
// `base`, where there is one, is a member of the model, which then needs it no more. Where the rows
// are too few to train on but span a day, it is the whole model (remark BASE_ALONE); a part of so
// few rows may have no windows and metrics of none. BASE_DOES_NOT_FIT: see TrainBase.
[[nodiscard]] absl::StatusOr<TrainedModel> Train(const TimeSeries& series, const ModelSpec& spec,
                                                 const SplitShares& split,
                                                 const ProgressCallback& progress,
                                                 const Model* base = nullptr);

// A circuit that a base learns from: its series, and what is its target there. Other columns,
// calendar and hyperparameters of `spec` are not looked at.
struct BaseCircuit {
  std::string name;  // for remarks
  const TimeSeries& series;
  const ModelSpec& spec;
};

// A base: the regressions and their weights that are best for all of `circuits` together, each in
// units of its target's usual change. Of `spec` it has the horizon, the sequence length and the
// interval levels. It fits circuits with the same step, no longer horizon and, for those that it
// forecasts alone, no other levels. Its columns, errors and intervals are those of a "target" in
// these units. Circuits that it cannot learn from, for another step than the first's or for too few
// rows, are left out with a remark; DATA_TOO_FEW_ROWS and the like where none is left. The
// circuits' order matters to the last bits.
[[nodiscard]] absl::StatusOr<TrainedModel> TrainBase(const std::vector<BaseCircuit>& circuits,
                                                     const ModelSpec& spec,
                                                     const SplitShares& split,
                                                     const ProgressCallback& progress);

// The split of `rows` rows.
struct SplitRows {
  RowRange train, validation, test;
};
[[nodiscard]] SplitRows SplitOf(std::size_t rows, const SplitShares& shares);

// For the whole process, once at start: LibTorch threads per training thread (1 is right where
// several train at once).
void SetTorchThreads(int threads);

// What computes in this process: a model's record and its version's lineage have it, for another
// CPU or another LibTorch gives another model.
struct Engine {
  std::string version;   // of this library
  std::string libtorch;  // that trains the LSTM
  std::string kernels;   // that its layer and all forecasts run on: avx512, avx2 or portable
  std::string device;
  [[nodiscard]] std::string Text() const;
};
[[nodiscard]] Engine ThisEngine();
[[nodiscard]] std::string LibTorchVersion();

// Rates of float32 matrix products, in GFLOP/s.
struct ComputeRates {
  std::string kernels;  // the instruction set of the library's own: avx512, avx2 or portable
  double own = 0;       // the LSTM's layer and all forecasts run on these
  double libtorch = 0;  // on as many threads as SetTorchThreads says
};

// Measured by the first call of the process, in some 10 ms. Thread safe.
[[nodiscard]] const ComputeRates& MeasuredRates();

// What to install where LibTorch computes with the reference BLAS, or is as slow as if it did; ""
// where it does not.
[[nodiscard]] std::string BlasWarning(const ComputeRates& rates);

// What a service calls once at start, before its threads: one LibTorch thread for each of them
// (jobs are many and small), and the rates and the warning, if any, in its log.
void StartLogged();

}  // namespace fleetcast::forecast
