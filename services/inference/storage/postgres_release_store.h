// Releases and circuits' statuses in the schema `inference`.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "common/base/id.h"
#include "common/workqueue/queue.h"
#include "services/inference/domain/release_store.h"

namespace fleetcast::inference {

// Releases are its groups, their steps its tasks. What circuits refer to is kept for ever.
[[nodiscard]] workqueue::QueueOptions ReleasingQueueOptions();

class PostgresReleaseStore final : public ReleaseStore {
 public:
  // All must outlive it. `late_after`: FleetClock's.
  PostgresReleaseStore(workqueue::Queue& queue, IdSource& ids, absl::Duration late_after)
      : queue_(queue), ids_(ids), late_after_(late_after) {}

  absl::StatusOr<std::optional<Release>> FirstRelease(const MutatingRequest& request) override;
  absl::StatusOr<InForce> GetInForce() override;
  absl::StatusOr<std::vector<CircuitRecord>> AllCircuits() override;
  absl::StatusOr<Release> Create(const MutatingRequest& request, const NewRelease& release,
                                 const InForce& expected) override;
  absl::StatusOr<Release> AnswerWithInForce(const MutatingRequest& request,
                                            const InForce& expected) override;
  absl::StatusOr<Release> Get(const std::string& release_id) override;
  absl::StatusOr<PageOf<Release>> List(const std::optional<Filter>& filter,
                                       const PageRequest& page) override;
  absl::StatusOr<PageOf<ReleaseStep>> ListSteps(const std::string& release_id,
                                                const std::optional<Filter>& filter,
                                                const PageRequest& page) override;
  absl::StatusOr<ReleaseChanges> ChangesSince(const std::string& release_id,
                                              const workqueue::Mark& mark) override;
  absl::StatusOr<CircuitStatus> GetStatus(const CircuitId& circuit) override;
  absl::StatusOr<PageOf<CircuitStatus>> ListStatuses(const std::string& plant_id,
                                                     const std::optional<Filter>& filter,
                                                     const PageRequest& page) override;
  absl::StatusOr<FleetSummary> Summarize(const std::string& plant_id,
                                         const std::optional<Filter>& filter) override;
  absl::StatusOr<std::optional<CircuitStatus>> FirstStatus(const MutatingRequest& request) override;
  absl::StatusOr<CircuitStatus> Pin(const MutatingRequest& request, const NewPin& pin) override;
  absl::StatusOr<CircuitStatus> Unpin(const MutatingRequest& request, const CircuitId& circuit,
                                      const std::string& actor, const std::string& reason) override;
  absl::StatusOr<std::vector<CircuitRecord>> ReadCircuits(
      const std::vector<CircuitId>& circuits) override;
  absl::StatusOr<std::vector<CircuitId>> ToTrain(const std::string& group_id) override;
  absl::Status StepAgain(const CircuitId& circuit, const std::string& actor,
                         const std::string& reason) override;
  absl::Status NoteTraining(const std::string& group_id, const std::vector<CircuitId>& circuits,
                            const std::string& training_run) override;
  // A duty: ends pins whose time is over, as Unpin does.
  [[nodiscard]] absl::Status EndPins(db::ConnectionPool& pool);

 private:
  [[nodiscard]] absl::StatusOr<Release> Select(pqxx::work& work, const std::string& release_id);
  [[nodiscard]] Release WithTraining(pqxx::work& work, workqueue::Group group);
  [[nodiscard]] std::string NewGroupId(pqxx::work& work);
  [[nodiscard]] FleetClock Clock(pqxx::work& work);
  // Why no step can start, whoever is free; "" if one can.
  [[nodiscard]] std::string StepObstacle(pqxx::work& work);
  // Takes the steps of circuits from whoever has them, and makes new ones in a group of their own.
  [[nodiscard]] absl::Status MakeSteps(pqxx::work& work, const std::string& group_id,
                                       const ReleasePin& pin, const std::vector<NewStep>& steps);
  // The one step that makes of a circuit what somebody did to it by hand.
  [[nodiscard]] absl::StatusOr<CircuitStatus> StepByHand(pqxx::work& work,
                                                         const CircuitRecord& circuit,
                                                         const std::string& actor,
                                                         const std::string& reason);
  [[nodiscard]] absl::StatusOr<CircuitStatus> SelectStatus(pqxx::work& work,
                                                           const CircuitId& circuit);

  workqueue::Queue& queue_;
  IdSource& ids_;
  const absl::Duration late_after_;
};

}  // namespace fleetcast::inference
