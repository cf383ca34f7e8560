#include "common/forecast/combination.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kValues = 4000;

std::vector<float> Noise(std::uint64_t seed, float size = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values;
  for (std::size_t i = 0; i < kValues; ++i) values.push_back(size * normal(random));
  return values;
}

std::vector<float> Sum(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> sum = a;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += b[i];
  return sum;
}

TEST(Combination, WeighsMembersByWhatTheyAreWorth) {
  const std::vector<float> truth = Noise(1);
  struct Case {
    const char* name;
    std::vector<float> first, second;
    double least_first, most_first, least_second, most_second;
  };
  for (const Case& c : {
           Case{"one is right, one is noise", truth, Noise(2), 0.9, 1.0, 0, 0.1},
           Case{"one is the opposite", truth,
                Sum(std::vector<float>(kValues, 0),
                    [&] {
                      std::vector<float> opposite = truth;
                      for (float& value : opposite) value = -value;
                      return opposite;
                    }()),
                0.8, 1.05, 0, 0.05},
           Case{"two are equally off", Sum(truth, Noise(3)), Sum(truth, Noise(4)), 0.3, 0.45, 0.3,
                0.45},
           Case{"both are noise", Noise(5), Noise(6), 0, 0.12, 0, 0.12},
       }) {
    const auto weights = CombineMembers({{c.first, 0.5}, {c.second, 0.5}}, truth, 100);
    EXPECT_GE(weights[0], c.least_first) << c.name;
    EXPECT_LE(weights[0], c.most_first) << c.name;
    EXPECT_GE(weights[1], c.least_second) << c.name;
    EXPECT_LE(weights[1], c.most_second) << c.name;
  }
}

TEST(Combination, OfFewWindowsStaysNearThePriors) {
  const std::vector<float> truth = Noise(1);
  const std::vector<MemberForecasts> members = {{Noise(2), 0.4}, {Noise(3), 0.6}};
  const auto few = CombineMembers(members, truth, 1), many = CombineMembers(members, truth, 1000);
  EXPECT_GT(few[0], 1.5 * many[0]);
  EXPECT_LT(many[1], 0.12);
}

TEST(Combination, IsNotMovedByAStandstill) {
  const std::vector<float> truth = Noise(1);
  const std::vector<MemberForecasts> members = {{Sum(truth, Noise(2)), 0.5},
                                                {Sum(truth, Noise(3)), 0.5}};
  std::vector<float> standing = truth;
  std::vector<MemberForecasts> then = members;
  for (std::size_t i = 0; i < kValues / 4; ++i) {
    standing[i] = 0;  // and the members, which see it stand, forecast little
    for (MemberForecasts& member : then) member.values[i] *= 0.1F;
  }
  const auto whole = CombineMembers(members, truth, 100);
  const auto with_standstill = CombineMembers(then, standing, 100);
  EXPECT_NEAR(with_standstill[0], whole[0], 0.03);
}

TEST(Combination, LeavesTargetsWithoutAReadingOut) {
  std::vector<float> truth = Noise(1);
  const std::vector<MemberForecasts> members = {{truth, 0.5}};
  for (std::size_t i = 0; i < kValues; i += 2) truth[i] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NEAR(CombineMembers(members, truth, 100)[0], 0.95, 0.01);
  std::fill(truth.begin(), truth.end(), std::numeric_limits<float>::quiet_NaN());
  EXPECT_NEAR(CombineMembers(members, truth, 100)[0], 0.5, 0.01);
}

}  // namespace
}  // namespace fleetcast::forecast
