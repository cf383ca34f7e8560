// The circuits to retrain, in the shapes that pipelines make their jobs from.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/config/domain/change.h"

namespace fleetcast::config {

enum class MatrixFormat { kAzurePipelines, kGithubActions };

// The most jobs that GitHub Actions and Azure Pipelines make of one matrix.
inline constexpr std::size_t kMostMatrixJobs = 256;

// `[{"plant_id":"P001","circuit_id":"C001","cutoff_date":"2025-12-09"}]`: the circuits to retrain,
// in the order given.
[[nodiscard]] std::string MatrixJson(std::span<const CircuitChange> changes);

// The same circuits as JSON objects of at most `shard_size` (above 0) each; none for no circuit.
[[nodiscard]] std::vector<std::string> MatrixShards(std::span<const CircuitChange> changes,
                                                    MatrixFormat format, std::size_t shard_size);

// At least what `change` takes in the texts of both, or in the first alone without a format.
[[nodiscard]] std::size_t MatrixBytes(const CircuitChange& change,
                                      const std::optional<MatrixFormat>& format);

// A circuit's key in an Azure Pipelines matrix, which must be fit for a job's name: letters, digits
// and `_`, a letter first, at most 100; case does not tell two apart. `P001_C001` where both ids
// have only capital letters and digits and a letter comes first; else the ids with `_` for what is
// not allowed, and 12 hex digits of their hash. Depends on the two ids alone.
[[nodiscard]] std::string AzureMatrixKey(const CircuitKey& circuit);

}  // namespace fleetcast::config
