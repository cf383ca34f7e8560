// The LSTM's training: LibTorch's autograd and one loop; on the CPU the layer itself runs on the
// library's kernels. No torch header appears here.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/network.h"
#include "common/forecast/training_progress.h"

namespace fleetcast::forecast {

// Windows of one circuit, ready for the LSTM.
struct LstmWindows {
  std::size_t count = 0;
  std::vector<float> sequences;  // [windows, steps, channels]
  std::vector<float> targets;    // [windows, horizon]; NaN where there is no reading
};

struct TrainedLstm {
  Weights weights;     // those of Network::WeightShapes that belong to the LSTM and its head
  int best_epoch = 0;  // 1-based
  double loss = 0;     // on `choosing`, of that epoch
  std::vector<EpochProgress> history;
};

// Adam on the absolute error of the readings, gradients clipped to norm 1, dropout on the state;
// the moving average of the weights at the epoch that does best on `choosing` is kept (Polyak and
// Juditsky 1992). Everything random comes from the specification's seed. `shape` has steps above 0;
// both sets of windows hold readings. TRAINING_DIVERGED, TRAINING_CANCELLED. What LibTorch throws
// leaves as std::exception.
[[nodiscard]] absl::StatusOr<TrainedLstm> TrainLstm(const ModelSpec& spec,
                                                    const NetworkShape& shape,
                                                    const LstmWindows& train,
                                                    const LstmWindows& choosing,
                                                    Heartbeat& heartbeat);

}  // namespace fleetcast::forecast
