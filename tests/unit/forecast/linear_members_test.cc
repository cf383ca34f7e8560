#include "common/forecast/linear_members.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kRows = 400;

// Rows 0 to 199 repeat themselves after `first` rows, the others after `second`.
TimeSeries Rhythm(std::size_t first, std::size_t second) {
  std::vector<double> values;
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t period = row < 200 ? first : second;
    values.push_back(
        10 * std::sin(6.2832 * static_cast<double>(row % period) / static_cast<double>(period)));
  }
  return SeriesOf(values);
}

InputLayout SmallLayout() {
  InputLayout layout;
  layout.sequence_length = 12;
  layout.horizon = 2;
  layout.step_seconds = 3'600;
  layout.reach = 12;
  return layout;
}

InputTable TableOf(const TimeSeries& series) {
  const Scaling scaling{.change = 1, .season_change = 1, .levels = {ColumnScale{}}};
  return InputTable(series, {0}, {kEverythingPlausible}, SmallLayout(), scaling);
}

std::vector<std::size_t> Origins(std::size_t begin, std::size_t end) {
  std::vector<std::size_t> origins(end - begin);
  std::iota(origins.begin(), origins.end(), begin);
  return origins;
}

double ErrorOn(const InputTable& table, const std::vector<std::size_t>& origins,
               const LinearMember& member) {
  double sum = 0;
  std::vector<float> extras(12);
  for (const std::size_t origin : origins) {
    table.FillExtras(origin, extras.data());
    sum += std::abs(static_cast<double>(ForecastWith(member, extras, 12)[0]) -
                    table.ChangeAt(origin, origin + 1));
  }
  return sum / static_cast<double>(origins.size());
}

LinearMember FirstOf(const LinearFits& fits, const InputTable& table,
                     const std::vector<std::size_t>& choosing, Heartbeat& heartbeat) {
  std::vector<float> extras(12 * choosing.size()), targets;
  for (std::size_t i = 0; i < choosing.size(); ++i) {
    table.FillExtras(choosing[i], extras.data() + 12 * i);
    for (const std::size_t step : {1, 2}) {
      targets.push_back(static_cast<float>(table.ChangeAt(choosing[i], choosing[i] + step)));
    }
  }
  return fits.Members({.extras = extras, .targets = targets}, heartbeat)->front();
}

TEST(LinearFits, LearnFromWindowsThatAreAddedLater) {
  const InputTable table = TableOf(Rhythm(5, 7));
  Heartbeat heartbeat(nullptr, 1);
  LinearFits fits(SmallLayout(), 1);
  ASSERT_TRUE(fits.Add(table, Origins(20, 190), nullptr, heartbeat).ok());
  std::vector<LinearMember> members = {FirstOf(fits, table, Origins(20, 190), heartbeat)};
  const double before = ErrorOn(table, Origins(340, 390), members[0]);
  ASSERT_TRUE(fits.Add(table, Origins(220, 330), nullptr, heartbeat).ok());
  fits.Refit(members);
  EXPECT_LT(ErrorOn(table, Origins(340, 390), members[0]), before / 4);
}

TEST(LinearFits, DoNotLetAFewWindowsDecideThatNothingForecasts) {
  TimeSeries series = Rhythm(5, 5);
  for (std::size_t row = 100; row < 112; ++row) {
    series.values[row] = 50 * std::sin(static_cast<double>(row * row));
  }
  const InputTable table = TableOf(series);
  Heartbeat heartbeat(nullptr, 1);
  LinearFits plain(SmallLayout(), 1), discounted(SmallLayout(), 1);
  ASSERT_TRUE(plain.Add(table, Origins(20, 230), nullptr, heartbeat).ok());
  const LinearMember reference = plain.Mean();
  ASSERT_TRUE(discounted.Add(table, Origins(20, 230), &reference, heartbeat).ok());
  const auto error = [&](const LinearFits& fits) {
    return ErrorOn(table, Origins(300, 390), FirstOf(fits, table, Origins(240, 290), heartbeat));
  };
  EXPECT_LT(error(discounted), error(plain) / 2);
}

}  // namespace
}  // namespace fleetcast::forecast
