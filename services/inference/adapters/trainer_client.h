// The trainer over gRPC.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "fleetcast/trainer/v1/training_service.grpc.pb.h"
#include "services/inference/domain/training.h"

namespace fleetcast::inference {

class TrainerClient final : public Trainer {
 public:
  explicit TrainerClient(const std::shared_ptr<grpc::Channel>& channel);

  absl::StatusOr<std::string> Start(const std::string& request_id,
                                    const std::vector<CircuitId>& circuits,
                                    const std::string& commit) override;
  absl::StatusOr<std::optional<TrainingState>> StateOf(const std::string& training_run,
                                                       const CircuitId& circuit) override;

 private:
  std::unique_ptr<trainer::v1::TrainingService::Stub> stub_;
};

}  // namespace fleetcast::inference
