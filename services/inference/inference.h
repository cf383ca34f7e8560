// A whole inference replica, put together: stores, clients, workers, ticker and API. Used by main
// and by the integration tests.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/inference/inference_settings.h"

namespace fleetcast::inference {

class Inference {
 public:
  // FAILED_PRECONDITION if the schema is not at this program's version; UNAVAILABLE if Postgres or
  // the address is not to be had; INVALID_ARGUMENT for a sensor source that cannot be.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Inference>> Start(
      const InferenceSettings& settings);
  // Drains.
  ~Inference();
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

  // "127.0.0.1:7004"
  [[nodiscard]] std::string address() const;

  // Hands running invocations back, ends watches, lets running calls end. May be called more than
  // once.
  void Drain();

 private:
  struct Parts;
  explicit Inference(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fleetcast::inference
