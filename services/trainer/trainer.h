// A whole trainer replica, put together: stores, clients, worker and API. Used by main and by the
// integration tests.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "services/trainer/trainer_settings.h"

namespace fleetcast::trainer {

class Trainer {
 public:
  // FAILED_PRECONDITION if the schema is not at this program's version; UNAVAILABLE if Postgres or
  // the address is not to be had.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Trainer>> Start(
      const TrainerSettings& settings);
  // Drains.
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // "127.0.0.1:7002"
  [[nodiscard]] std::string address() const;

  // Hands running jobs back, ends watches, lets running calls end. May be called more than once.
  void Drain();

 private:
  struct Parts;
  explicit Trainer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fleetcast::trainer
