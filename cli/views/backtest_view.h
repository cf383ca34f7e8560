// Backtests as people and programs read them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/output/terminal.h"
#include "common/forecast/backtest.h"

namespace fleetcast::cli {

struct BacktestRow {
  std::string target;
  forecast::BacktestResult result;
};

// An array of one object per target: the scaled errors, `coverage_80` … (a share of 1) for each
// level, `seconds`, the errors in the target's unit, the members with their weights, the remarks,
// and the errors by step.
[[nodiscard]] nlohmann::ordered_json BacktestJson(const std::vector<BacktestRow>& rows);

// Which tables of each target follow.
struct BacktestTables {
  bool steps = false, members = false;
};

// A table of the targets with their mean below.
[[nodiscard]] std::string BacktestText(const std::vector<BacktestRow>& rows,
                                       const BacktestTables& tables, const Terminal& terminal);

}  // namespace fleetcast::cli
