#include "services/config/domain/pipeline_matrix.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/sha256.h"
#include "services/config/domain/canonical.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kLongestJobName = 100;
constexpr std::size_t kHashDigits = 12;

std::string RowJson(const CircuitChange& change) {
  return absl::StrCat("{\"plant_id\":", JsonString(change.key.plant_id),
                      ",\"circuit_id\":", JsonString(change.key.circuit_id),
                      ",\"cutoff_date\":", JsonString(change.cutoff_date), "}");
}

std::vector<const CircuitChange*> ToRetrain(std::span<const CircuitChange> changes) {
  std::vector<const CircuitChange*> rows;
  for (const CircuitChange& change : changes)
    if (change.effect == ChangeEffect::kRetrain) rows.push_back(&change);
  return rows;
}

using Rows = std::vector<const CircuitChange*>::const_iterator;

std::string ListJson(Rows begin, Rows end) {
  return absl::StrCat("[",
                      absl::StrJoin(begin, end, ",",
                                    [](std::string* out, const CircuitChange* change) {
                                      *out += RowJson(*change);
                                    }),
                      "]");
}

std::string AzureJson(Rows begin, Rows end) {
  return absl::StrCat("{",
                      absl::StrJoin(begin, end, ",",
                                    [](std::string* out, const CircuitChange* change) {
                                      absl::StrAppend(out, JsonString(AzureMatrixKey(change->key)),
                                                      ":", RowJson(*change));
                                    }),
                      "}");
}

// Capitals alone: `C1` and `c1` are two circuits, but one key to Azure Pipelines.
bool IsPlain(const std::string& id) {
  return std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_isupper(c) || absl::ascii_isdigit(c);
  });
}

}  // namespace

std::string MatrixJson(std::span<const CircuitChange> changes) {
  const std::vector<const CircuitChange*> rows = ToRetrain(changes);
  return ListJson(rows.begin(), rows.end());
}

std::vector<std::string> MatrixShards(std::span<const CircuitChange> changes, MatrixFormat format,
                                      std::size_t shard_size) {
  const std::vector<const CircuitChange*> rows = ToRetrain(changes);
  std::vector<std::string> shards;
  for (auto begin = rows.begin(); begin != rows.end();) {
    const std::size_t left = rows.end() - begin;
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(left, shard_size));
    shards.push_back(format == MatrixFormat::kAzurePipelines
                         ? AzureJson(begin, end)
                         : absl::StrCat("{\"include\":", ListJson(begin, end), "}"));
    begin = end;
  }
  return shards;
}

std::size_t MatrixBytes(const CircuitChange& change, const std::optional<MatrixFormat>& format) {
  if (change.effect != ChangeEffect::kRetrain) return 0;
  constexpr std::size_t kComma = 1, kBrackets = 16;  // a shard may have one row
  const std::size_t row = RowJson(change).size() + kComma;
  if (!format) return row;
  const bool keyed = format == MatrixFormat::kAzurePipelines;
  return 2 * row + kBrackets + (keyed ? AzureMatrixKey(change.key).size() : 0);
}

std::string AzureMatrixKey(const CircuitKey& circuit) {
  std::string key = absl::StrCat(circuit.plant_id, "_", circuit.circuit_id);
  const bool letter_first = absl::ascii_isalpha(static_cast<unsigned char>(key.front()));
  if (letter_first && IsPlain(circuit.plant_id) && IsPlain(circuit.circuit_id) &&
      key.size() <= kLongestJobName)
    return key;
  // Ids have no slash, so that no two circuits hash the same text.
  const std::string hash = Sha256Hex(absl::StrCat(circuit.plant_id, "/", circuit.circuit_id));
  std::replace(key.begin(), key.end(), '-', '_');
  if (!letter_first) key = absl::StrCat("P", key);
  key.resize(std::min(key.size(), kLongestJobName - kHashDigits - 1));
  return absl::StrCat(key, "_", hash.substr(0, kHashDigits));
}

}  // namespace fleetcast::config
