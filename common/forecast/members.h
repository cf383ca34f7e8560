// The members of one circuit's model: trained one after the other, weighed against each other on
// windows that trained none of them, and then one network.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/forecast/combination.h"
#include "common/forecast/linear_members.h"
#include "common/forecast/lstm_member.h"
#include "common/forecast/preparation.h"

namespace fleetcast::forecast {

struct Windows {
  std::vector<std::size_t> train, choosing, calibrating;  // origins
};

// Keeps references to all that it is given. Not thread safe.
class Members {
 public:
  Members(const ModelSpec& spec, const Preparation& prepared, const InputTable& table,
          const Windows& windows);

  // Mean absolute error, on the windows that choose, of the best of the regressions, in the
  // target's unit. Nothing is kept of it. TRAINING_CANCELLED.
  [[nodiscard]] absl::StatusOr<double> RegressionError(Heartbeat& heartbeat) const;
  // Once, before everything else. TRAINING_DIVERGED, TRAINING_CANCELLED.
  [[nodiscard]] absl::Status Train(Heartbeat& heartbeat);

  [[nodiscard]] const std::vector<MemberShare>& shares() const { return shares_; }
  [[nodiscard]] const TrainedLstm& lstm() const { return lstm_; }
  // Whether the levels of other columns have any weight.
  [[nodiscard]] bool uses_columns() const;
  // One network that forecasts as all of them together. Columns that nobody uses become no inputs
  // of `layout`, and it reaches no further back than somebody looks.
  [[nodiscard]] Network Combine(InputLayout& layout) const;

 private:
  [[nodiscard]] absl::StatusOr<std::vector<LinearMember>> FitLinear(
      const std::vector<float>& extras, Heartbeat& heartbeat) const;
  [[nodiscard]] absl::Status TrainEach(const std::vector<float>& extras, Heartbeat& heartbeat);
  void Weigh(const std::vector<float>& extras);
  // Mean absolute ones on the choosing windows, in units of the usual change.
  [[nodiscard]] std::vector<double> ErrorsOf(const std::vector<MemberForecasts>& forecasts) const;
  [[nodiscard]] bool UsesColumns(const LinearMember& member) const;
  [[nodiscard]] std::vector<double> SumOfLinear() const;
  [[nodiscard]] int UnusedRows(const std::vector<double>& path, const InputLayout& layout) const;
  [[nodiscard]] std::vector<float> Bias() const;
  [[nodiscard]] std::vector<float> LstmForecasts() const;

  const ModelSpec& spec_;
  const Preparation& prepared_;
  const InputTable& table_;
  const Windows& windows_;
  int columns_;
  NetworkShape shape_;
  std::vector<float> targets_;  // of the choosing windows, [windows, horizon]
  std::vector<LinearMember> linear_;
  TrainedLstm lstm_;
  std::vector<double> weights_;  // the linear ones', then the LSTM's
  std::vector<MemberShare> shares_;
};

}  // namespace fleetcast::forecast
