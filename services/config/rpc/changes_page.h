// Pages of what DetectChanges and ValidateRevision have to say, which end by their bytes.
#pragma once

#include <cstddef>
#include <optional>

#include "common/rpc/page.h"
#include "fleetcast/config/v1/config_service.pb.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/domain/pipeline_matrix.h"

namespace fleetcast::config {

// What a DetectChanges request asks of the matrix besides `matrix_json`.
struct MatrixRequest {
  std::optional<MatrixFormat> format;
  std::size_t shard_size = kMostMatrixJobs;
};

// Adds the diagnostics from `begin` on to `messages` as far as `budget` goes; returns where the
// next page begins.
[[nodiscard]] std::size_t AddDiagnostics(
    const Diagnostics& diagnostics, std::size_t begin, rpc::PageBudget& budget,
    google::protobuf::RepeatedPtrField<v1::Diagnostic>* messages);

// Fills what `response` says of `comparison`: its diagnostics, then its changes, from the `begin`th
// of them all on. Returns where the next page begins; nothing at the end.
[[nodiscard]] std::optional<std::size_t> AddChanges(const Comparison& comparison,
                                                    const MatrixRequest& matrix, std::size_t begin,
                                                    rpc::PageBudget& budget,
                                                    v1::DetectChangesResponse* response);

}  // namespace fleetcast::config
