#include "common/sensordata/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "common/base/sha256.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kFlushBytes = 1 << 16;
constexpr std::uint64_t kMissingBits = 0x7FF8'0000'0000'0000;

void AppendLittleEndian(std::uint64_t bits, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(bits >> shift));
}

std::uint64_t CanonicalBits(double value) {
  if (std::isnan(value)) return kMissingBits;
  return std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
}

}  // namespace

std::vector<std::size_t> RowsByTime(const RawReadings& readings) {
  std::vector<std::size_t> order(readings.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& time = readings.unix_seconds;
  if (!std::is_sorted(time.begin(), time.end())) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return time[a] < time[b]; });
  }
  return order;
}

std::string FingerprintOf(const RawReadings& readings) {
  const std::size_t width = readings.columns.size();
  std::vector<std::size_t> columns(width);
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  std::sort(columns.begin(), columns.end(), [&](std::size_t a, std::size_t b) {
    return readings.columns[a] < readings.columns[b];
  });

  Sha256 hash;
  std::string bytes = "fleetcast readings 1\n";
  for (const std::size_t column : columns) bytes += readings.columns[column] + '\n';
  bytes += '\n';
  for (const std::size_t row : RowsByTime(readings)) {
    AppendLittleEndian(static_cast<std::uint64_t>(readings.unix_seconds[row]), bytes);
    for (const std::size_t column : columns) {
      AppendLittleEndian(CanonicalBits(readings.values[row * width + column]), bytes);
    }
    if (bytes.size() >= kFlushBytes) {
      hash.Update(bytes);
      bytes.clear();
    }
  }
  hash.Update(bytes);
  return hash.FinishHex();
}

}  // namespace fleetcast::sensordata
