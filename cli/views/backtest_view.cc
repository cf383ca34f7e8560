#include "cli/views/backtest_view.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/output/table.h"
#include "cli/output/text.h"

namespace fleetcast::cli {
namespace {

using forecast::BacktestResult;
using forecast::ForecastErrors;
using Json = nlohmann::ordered_json;

std::string Decimal(double value) { return absl::StrFormat("%.3f", value); }

void PutErrors(const ForecastErrors& errors, Json& json) {
  json["mae"] = errors.mae;
  json["rmse"] = errors.rmse;
  json["r2"] = errors.r2;
  json["mase"] = errors.mase;
  json["mae_repeat_last"] = errors.mae_repeat_last;
  json["mae_seasonal_naive"] = errors.mae_seasonal_naive;
  json["skill_vs_repeat_last"] = errors.skill_vs_repeat_last;
  json["skill_vs_seasonal_naive"] = errors.skill_vs_seasonal_naive;
}

Json RowJson(const BacktestRow& row) {
  const BacktestResult& result = row.result;
  Json json = {{"target", row.target},
               {"mse_scaled", result.mse_scaled},
               {"mae_scaled", result.mae_scaled},
               {"naive_repeat_mse_scaled", result.naive_repeat_mse_scaled},
               {"naive_seasonal_mse_scaled", result.naive_seasonal_mse_scaled},
               {"ratio_to_best_naive", result.ratio_to_best_naive}};
  for (const forecast::Coverage& coverage : result.test.coverage) {
    json[absl::StrCat("coverage_", coverage.level)] = coverage.share / 100;
  }
  json["seconds"] = result.seconds;
  json["windows"] = result.test.windows;
  PutErrors(result.test, json);
  json["members"] = Json::array();
  for (const forecast::MemberShare& member : result.members) {
    json["members"].push_back({{"name", member.name},
                               {"weight", member.weight},
                               {"validation_mae", member.validation_mae}});
  }
  json["remarks"] = Json::array();
  for (const forecast::Remark& remark : result.remarks) {
    json["remarks"].push_back({{"kind", remark.kind},
                               {"column", remark.column},
                               {"count", remark.count},
                               {"text", remark.text}});
  }
  Json steps = Json::array();
  for (const ForecastErrors& errors : result.test.by_step) {
    Json step = {{"step", steps.size() + 1}};
    PutErrors(errors, step);
    steps.push_back(std::move(step));
  }
  json["by_step"] = std::move(steps);
  return json;
}

std::vector<double> NumbersOf(const BacktestResult& result) {
  std::vector<double> numbers = {result.mse_scaled,
                                 result.mae_scaled,
                                 result.naive_repeat_mse_scaled,
                                 result.naive_seasonal_mse_scaled,
                                 result.ratio_to_best_naive,
                                 result.test.skill(),
                                 result.test.mase,
                                 result.test.r2};
  for (const forecast::Coverage& coverage : result.test.coverage) {
    numbers.push_back(coverage.share);
  }
  numbers.push_back(result.seconds);
  return numbers;
}

void AddNumbers(const std::string& name, const std::vector<double>& numbers, Table& table) {
  std::vector<Cell> cells = {name};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool percent_or_seconds = i >= 8;
    cells.emplace_back(percent_or_seconds ? absl::StrFormat("%.1f", numbers[i])
                                          : Decimal(numbers[i]));
  }
  table.AddRow(std::move(cells));
}

std::string TargetTable(const std::vector<BacktestRow>& rows, const Terminal& terminal) {
  constexpr auto kRight = Column::Align::kRight;
  std::vector<Column> columns = {{"TARGET"},         {"SCALED MSE", kRight}, {"MAE", kRight},
                                 {"REPEAT", kRight}, {"SEASON", kRight},     {"RATIO", kRight},
                                 {"SKILL", kRight},  {"MASE", kRight},       {"R2", kRight}};
  for (const forecast::Coverage& coverage : rows.front().result.test.coverage) {
    columns.push_back({absl::StrCat("IN ", coverage.level, "%"), kRight});
  }
  columns.push_back({"SECONDS", kRight});
  Table table(std::move(columns));
  std::vector<double> mean;
  for (const BacktestRow& row : rows) {
    const std::vector<double> numbers = NumbersOf(row.result);
    AddNumbers(row.target, numbers, table);
    mean.resize(numbers.size(), 0);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      mean[i] += numbers[i] / static_cast<double>(rows.size());
    }
  }
  if (rows.size() > 1) AddNumbers("mean", mean, table);
  return table.Render(terminal);
}

std::string StepTable(const BacktestRow& row, const Terminal& terminal) {
  constexpr auto kRight = Column::Align::kRight;
  Table table({{"STEP", kRight},
               {"MAE", kRight},
               {"RMSE", kRight},
               {"R2", kRight},
               {"MASE", kRight},
               {"OVER REPEAT", kRight},
               {"OVER SEASON", kRight}});
  int step = 0;
  for (const ForecastErrors& errors : row.result.test.by_step) {
    table.AddRow({std::to_string(++step), NumberText(errors.mae), NumberText(errors.rmse),
                  Decimal(errors.r2), Decimal(errors.mase),
                  PercentText(errors.skill_vs_repeat_last),
                  PercentText(errors.skill_vs_seasonal_naive)});
  }
  return "\n" + row.target + " in its own unit\n" + table.Render(terminal);
}

std::string MemberTable(const BacktestRow& row, const Terminal& terminal) {
  constexpr auto kRight = Column::Align::kRight;
  Table table({{"MEMBER"}, {"WEIGHT", kRight}, {"VALIDATION MAE", kRight}});
  for (const forecast::MemberShare& member : row.result.members) {
    table.AddRow({member.name, Decimal(member.weight), NumberText(member.validation_mae)});
  }
  return "\n" + row.target + "'s members\n" + table.Render(terminal);
}

}  // namespace

Json BacktestJson(const std::vector<BacktestRow>& rows) {
  Json json = Json::array();
  for (const BacktestRow& row : rows) json.push_back(RowJson(row));
  return json;
}

std::string BacktestText(const std::vector<BacktestRow>& rows, const BacktestTables& tables,
                         const Terminal& terminal) {
  if (rows.empty()) return "";
  std::string text = TargetTable(rows, terminal);
  for (const BacktestRow& row : rows) {
    if (tables.members) text += MemberTable(row, terminal);
    if (tables.steps) text += StepTable(row, terminal);
  }
  return text;
}

}  // namespace fleetcast::cli
