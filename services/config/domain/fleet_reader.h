// The config service's answers: each is read from one commit (two for changes), whatever moves in
// the repository meanwhile. What was parsed is kept by content, within a bound on memory.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter.h"
#include "common/base/page.h"
#include "services/config/domain/bounded_cache.h"
#include "services/config/domain/change.h"
#include "services/config/domain/config_repository.h"
#include "services/config/domain/document.h"
#include "services/config/domain/fleet.h"
#include "services/config/domain/parallel.h"

namespace fleetcast::config {

// A list at a revision ("" is HEAD). The keys of `page` begin with the commit of the first page,
// so that all pages are read from it.
struct ListQuery {
  std::string revision;
  MaxStaleness max_staleness = {};
  PageRequest page;
  std::optional<Filter> filter;
};

struct PlantList {
  std::string commit;
  std::optional<Freshness> freshness;
  PageOf<std::shared_ptr<const PlantOutline>> page;
};

struct CircuitList {
  std::string commit;
  std::optional<Freshness> freshness;
  PageOf<ResolvedCircuit> page;   // the sound ones that the filter lets through, all unsound ones
  int unsound_circuit_count = 0;  // of the plant, over all pages
  bool complete = true;           // false: entries of the master list cannot be read
};

struct CircuitAnswer {
  std::string commit;
  std::optional<Freshness> freshness;
  ResolvedCircuit circuit;  // sound
};

struct ValidationReport {
  std::string commit;
  std::optional<Freshness> freshness;
  Diagnostics diagnostics;  // in ReportOrder
  int circuit_count = 0;
  int unsound_circuit_count = 0;
};

// What one commit changes against another: the same whoever asks, and whenever.
struct Comparison {
  std::string merge_base_commit, head_commit;  // the first may be kNoCommit
  std::vector<CircuitChange> changes;
  Diagnostics diagnostics;  // what the head makes wrong, in ReportOrder
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

struct ChangeReport {
  std::string base_commit;
  std::shared_ptr<const Comparison> comparison;  // never null
  int merge_base_count = 1;                      // 0 where the base is kNoCommit
  std::optional<Freshness> freshness;
};

// How two commits lie in history.
struct Kinship {
  std::string base_commit, head_commit;
  std::string merge_base_commit;  // empty: none
  std::optional<Freshness> freshness;
};

// Thread safe. Errors as proto/fleetcast/config/v1/config_service.proto has them.
class FleetReader {
 public:
  // `repository` must outlive the reader. `cache_bytes` bounds what is kept between calls.
  FleetReader(ConfigRepository& repository, YamlParser parser, std::size_t cache_bytes);

  [[nodiscard]] absl::StatusOr<PlantList> ListPlants(const ListQuery& query);
  // `plant_id` "-" is all plants.
  [[nodiscard]] absl::StatusOr<CircuitList> ListCircuits(const std::string& plant_id,
                                                         const ListQuery& query);
  [[nodiscard]] absl::StatusOr<CircuitAnswer> GetCircuit(const CircuitKey& key,
                                                         const std::string& revision,
                                                         MaxStaleness max_staleness = {});
  [[nodiscard]] absl::StatusOr<ValidationReport> ValidateRevision(const std::string& revision,
                                                                  MaxStaleness max_staleness = {});
  // Everything is new where `base_revision` is kNoCommit.
  [[nodiscard]] absl::StatusOr<ChangeReport> DetectChanges(const std::string& base_revision,
                                                           const std::string& head_revision,
                                                           MaxStaleness max_staleness = {});
  [[nodiscard]] absl::StatusOr<Kinship> MergeBaseOf(const std::string& base_revision,
                                                    const std::string& head_revision,
                                                    MaxStaleness max_staleness = {});

  // Memory that the caches hold now, as they estimate it.
  [[nodiscard]] std::size_t cached_bytes() const;

 private:
  using SharedOutline = std::shared_ptr<const FleetOutline>;

  // A request's revision, by the field that names it.
  struct NamedRevision {
    std::string field;
    std::string revision;
  };
  struct Commits {
    std::vector<std::string> ids;  // as many as revisions
    std::optional<Freshness> freshness;
  };
  [[nodiscard]] absl::StatusOr<Commits> CommitsOf(const std::vector<NamedRevision>& revisions,
                                                  MaxStaleness max_staleness);
  [[nodiscard]] absl::StatusOr<Commits> CommitOf(const ListQuery& query, std::size_t key_size);
  [[nodiscard]] absl::StatusOr<SharedOutline> Outline(const std::string& commit);
  // As Outline; FAILED_PRECONDITION unless its master list can be read.
  [[nodiscard]] absl::StatusOr<SharedOutline> ReadableOutline(const std::string& commit);
  [[nodiscard]] absl::StatusOr<SharedOutline> MakeOutline(const std::string& commit);
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const PlantOutline>> OutlineOfPlant(
      const PlantSources& sources, const ObjectId& master_list, const TreeEntry* calendars);
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const MasterList>> LoadMasterList(
      const ObjectId& object_id);
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const CircuitFile>> LoadFile(
      const ObjectId& object_id, FileKind kind);
  // nullptr for no folder.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const Calendars>> LoadCalendars(
      const TreeEntry* folder);
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const CircuitResolution>> Resolve(
      const PlantOutline& plant, const CircuitOutline& outline);
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const CircuitResolution>> ResolveAnew(
      const PlantOutline& plant, const CircuitOutline& outline);
  [[nodiscard]] absl::StatusOr<std::vector<ResolvedCircuit>> ResolveAll(
      const std::vector<CircuitOfPlant>& circuits);
  // What the head's commit changes against the merge base's (or kNoCommit), by what is in the files
  // alone.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const Comparison>> Compare(
      const std::string& merge_base, const std::string& head_commit);

  ConfigRepository& repository_;
  const YamlParser parser_;
  BoundedCache<FleetOutline> outlines_;    // by commit
  BoundedCache<PlantOutline> plants_;      // by id and all that says something about the plant
  BoundedCache<MasterList> master_lists_;  // by object id
  BoundedCache<Calendars> calendars_;      // by their folder's object id
  BoundedCache<CircuitFile> files_;        // by kind and object id
  // By ids, the layers' object ids and the plant's time zone and calendars.
  BoundedCache<CircuitResolution> circuits_;
  BoundedCache<Comparison> comparisons_;  // by merge base and head
  Parallel parallel_;
};

}  // namespace fleetcast::config
