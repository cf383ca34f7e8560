#include "services/config/rpc/changes_page.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "services/config/rpc/messages.h"

namespace fleetcast::config {
namespace {

// What a message takes in the field that it stands in, beside its own bytes.
constexpr std::size_t kFieldBytes = 4;

// The values that a page's changes differ in, each once.
class FieldTable {
 public:
  // The places of these values, those that are not there yet after those that are.
  [[nodiscard]] std::vector<int> PlacesOf(const std::vector<FieldChange>& fields) {
    std::vector<int> places;
    fresh_.clear();
    for (const FieldChange& field : fields) {
      v1::FieldChange message;
      ToMessage(field, &message);
      std::string key = message.SerializeAsString();
      const auto known = places_.find(key);
      places.push_back(known != places_.end() ? known->second
                                              : static_cast<int>(places_.size() + fresh_.size()));
      if (known == places_.end()) fresh_.emplace_back(std::move(key), std::move(message));
    }
    return places;
  }

  // What those that are not there yet would take.
  [[nodiscard]] std::size_t FreshBytes() const {
    std::size_t bytes = 0;
    for (const auto& [key, message] : fresh_) bytes += key.size() + kFieldBytes;
    return bytes;
  }

  void KeepFresh(google::protobuf::RepeatedPtrField<v1::FieldChange>* messages) {
    for (auto& [key, message] : fresh_) {
      places_.emplace(std::move(key), static_cast<int>(places_.size()));
      *messages->Add() = std::move(message);
    }
    fresh_.clear();
  }

 private:
  std::unordered_map<std::string, int> places_;  // by their bytes
  std::vector<std::pair<std::string, v1::FieldChange>> fresh_;
};

}  // namespace

std::size_t AddDiagnostics(const Diagnostics& diagnostics, std::size_t begin,
                           rpc::PageBudget& budget,
                           google::protobuf::RepeatedPtrField<v1::Diagnostic>* messages) {
  for (; begin < diagnostics.size(); ++begin) {
    v1::Diagnostic message;
    ToMessage(diagnostics[begin], &message);
    if (!budget.Take(message.ByteSizeLong() + kFieldBytes)) break;
    *messages->Add() = std::move(message);
  }
  return begin;
}

std::optional<std::size_t> AddChanges(const Comparison& comparison, const MatrixRequest& matrix,
                                      std::size_t begin, rpc::PageBudget& budget,
                                      v1::DetectChangesResponse* response) {
  const std::vector<CircuitChange>& changes = comparison.changes;
  const std::size_t first_change = comparison.diagnostics.size();
  response->set_diagnostic_count(static_cast<int>(first_change));
  response->set_change_count(static_cast<int>(changes.size()));
  std::size_t next =
      AddDiagnostics(comparison.diagnostics, begin, budget, response->mutable_diagnostics());
  const std::size_t from = std::min(std::max(next, first_change) - first_change, changes.size());
  std::size_t to = from;
  FieldTable fields;
  for (; next >= first_change && to < changes.size(); ++to, ++next) {
    v1::CircuitChange message;
    ToMessage(changes[to], &message);
    const std::vector<int> places = fields.PlacesOf(changes[to].fields);
    message.mutable_field_change_indexes()->Assign(places.begin(), places.end());
    if (!budget.Take(message.ByteSizeLong() + kFieldBytes + fields.FreshBytes() +
                     MatrixBytes(changes[to], matrix.format)))
      break;
    fields.KeepFresh(response->mutable_field_changes());
    *response->add_changes() = std::move(message);
  }
  const auto page = std::span(changes).subspan(from, to - from);
  response->set_matrix_json(MatrixJson(page));
  if (matrix.format)
    for (std::string& shard : MatrixShards(page, *matrix.format, matrix.shard_size))
      response->add_matrix_shards_json(std::move(shard));
  if (next == first_change + changes.size()) return std::nullopt;
  return next;
}

}  // namespace fleetcast::config
