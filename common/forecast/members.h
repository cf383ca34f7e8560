// The members of a model: trained one after the other, weighed against each other on windows that
// trained none of them, and then one network.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/forecast/combination.h"
#include "common/forecast/linear_members.h"
#include "common/forecast/lstm_member.h"
#include "common/forecast/views.h"

namespace fleetcast::forecast {

// Keeps references to all that it is given. Not thread safe.
class Members {
 public:
  // `views` are one circuit's, or those of several that are pooled, with layouts that ask for the
  // same inputs; an LSTM is a member where they have segments. `given` were trained elsewhere on
  // the same inputs, and are weighed with the others.
  Members(const ModelSpec& spec, std::span<const TrainingView> views,
          std::vector<LinearMember> given = {});

  // Mean absolute error, on the windows that choose, of the best of the regressions, in units of
  // the usual change. Nothing is kept of it. TRAINING_CANCELLED.
  [[nodiscard]] absl::StatusOr<double> RegressionError(Heartbeat& heartbeat);
  // Once, before everything else. TRAINING_DIVERGED, TRAINING_CANCELLED.
  [[nodiscard]] absl::Status Train(Heartbeat& heartbeat);
  // Once the intervals are made: weighs the members again, on the windows that calibrate too, and
  // fits the regressions again, on these and those that choose: what there is to learn of the
  // newest rows. Penalties and the LSTM stay. TRAINING_CANCELLED.
  [[nodiscard]] absl::Status Refit(Heartbeat& heartbeat);

  // With errors in units of the usual change.
  [[nodiscard]] const std::vector<MemberShare>& shares() const { return shares_; }
  [[nodiscard]] const TrainedLstm& lstm() const { return lstm_; }
  // Whether the levels of other columns have any weight.
  [[nodiscard]] bool uses_columns() const;
  // One network that forecasts as all of them together. Columns that nobody uses become no inputs
  // of `layout`, and it reaches no further back than somebody looks.
  [[nodiscard]] Network Combine(InputLayout& layout) const;

 private:
  // The regressions, from the windows that train.
  [[nodiscard]] absl::StatusOr<std::vector<LinearMember>> FitLinear(Heartbeat& heartbeat);
  [[nodiscard]] absl::Status TrainEach(Heartbeat& heartbeat);
  // On the windows of these parts.
  void Weigh(std::span<const Part> parts);
  // [windows, extras].
  [[nodiscard]] std::vector<float> ExtrasOf(std::span<const Part> parts) const;
  [[nodiscard]] double lstm_weight() const { return shape_.steps > 0 ? weights_.back() : 0; }
  [[nodiscard]] bool UsesColumns(const LinearMember& member) const;
  [[nodiscard]] std::vector<double> SumOfLinear() const;
  [[nodiscard]] int UnusedRows(const std::vector<double>& path, const InputLayout& layout) const;
  [[nodiscard]] std::vector<float> Bias() const;
  // [windows, horizon].
  [[nodiscard]] std::vector<float> LstmForecasts(std::span<const Part> parts) const;

  const ModelSpec& spec_;
  std::span<const TrainingView> views_;
  const InputLayout& layout_;
  int columns_;
  NetworkShape shape_;
  LinearFits fits_;
  LinearMember reference_;  // tells which windows count for little
  std::vector<LinearMember> given_;
  std::vector<LinearMember> linear_;  // those given are the last
  TrainedLstm lstm_;
  std::vector<double> weights_;  // the linear ones', then the LSTM's
  std::vector<MemberShare> shares_;
};

}  // namespace fleetcast::forecast
