#include "services/registry/storage/postgres_artifact_store.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "services/registry/domain/run.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

constexpr char kSelect[] =
    "SELECT a.position, a.sha256, a.size_bytes, a.media_type, a.file_name,"
    " (extract(epoch FROM a.create_time) * 1000000)::bigint AS create_time"
    " FROM registry.artifacts a";

constexpr char kListOfRun[] =
    "SELECT a.position, a.sha256, a.size_bytes, a.media_type, ra.file_name,"
    " (extract(epoch FROM a.create_time) * 1000000)::bigint AS create_time"
    " FROM registry.run_artifacts ra JOIN registry.artifacts a USING (sha256)"
    " JOIN registry.runs r ON r.position = ra.run_position"
    " WHERE r.experiment_id = $1 AND r.run_id = $2"
    " AND (a.position < $3::bigint OR (a.position = $3::bigint AND ra.file_name > $4))"
    " ORDER BY a.position DESC, ra.file_name LIMIT $5::bigint";

constexpr char kInsertArtifact[] =
    "INSERT INTO registry.artifacts (sha256, size_bytes, media_type, file_name)"
    " VALUES ($1, $2::bigint, $3, $4) ON CONFLICT (sha256) DO NOTHING";

constexpr char kRunPosition[] =
    "SELECT position FROM registry.runs WHERE experiment_id = $1 AND run_id = $2";

constexpr char kInsertOfRun[] =
    "INSERT INTO registry.run_artifacts (run_position, file_name, sha256)"
    " VALUES ($1::bigint, $2, $3) ON CONFLICT (run_position, file_name) DO NOTHING";

constexpr char kStandingOfRun[] =
    "SELECT sha256 FROM registry.run_artifacts WHERE run_position = $1::bigint AND file_name = $2";

Artifact ArtifactOf(const pqxx::row& row) {
  return {.sha256 = row["sha256"].as<std::string>(),
          .size_bytes = row["size_bytes"].as<std::int64_t>(),
          .media_type = row["media_type"].as<std::string>(),
          .file_name = row["file_name"].as<std::string>(),
          .create_time = TimeOf(row["create_time"])};
}

absl::StatusOr<Artifact> Read(pqxx::work& work, const std::string& sha256) {
  const auto rows = work.exec_params(absl::StrCat(kSelect, " WHERE a.sha256 = $1"), sha256);
  if (rows.empty()) return ArtifactNotFound(sha256);
  return ArtifactOf(rows[0]);
}

absl::Status AddToRun(pqxx::work& work, const Artifact& artifact, const RunName& run) {
  const auto rows = work.exec_params(kRunPosition, run.experiment_id, run.run_id);
  if (rows.empty()) return RunNotFound(run);
  const auto position = rows[0][0].as<std::int64_t>();
  work.exec_params(kInsertOfRun, position, artifact.file_name, artifact.sha256);
  const auto standing =
      work.exec_params(kStandingOfRun, position, artifact.file_name)[0][0].as<std::string>();
  if (standing == artifact.sha256) return absl::OkStatus();
  return RunFileExists(run, artifact.file_name, standing);
}

}  // namespace

absl::StatusOr<Artifact> PostgresArtifactStore::Record(const MutatingRequest& request,
                                                       const Artifact& artifact,
                                                       const std::optional<RunName>& run) {
  const auto record = [&](pqxx::work& work) -> absl::StatusOr<Artifact> {
    work.exec_params(kInsertArtifact, artifact.sha256, artifact.size_bytes, artifact.media_type,
                     artifact.file_name);
    if (run.has_value()) FLEETCAST_RETURN_IF_ERROR(AddToRun(work, artifact, *run));
    return Read(work, artifact.sha256);
  };
  return AnswerOnce<Artifact>(
      pool_, request, record, [](const Artifact& recorded) { return recorded.sha256; }, Read);
}

absl::StatusOr<Artifact> PostgresArtifactStore::Get(const std::string& sha256) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return Read(work, sha256); });
}

absl::StatusOr<PageOf<Artifact>> PostgresArtifactStore::List(const std::optional<RunName>& run,
                                                             const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t before,
                             AfterNumber(page, 0, std::numeric_limits<std::int64_t>::max()));
  const std::string limit = absl::StrCat(page.size + 1);
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Artifact>> {
    if (run.has_value()) {
      return ReadPage(
          work, kListOfRun,
          {run->experiment_id, run->run_id, absl::StrCat(before), AfterText(page, 1), limit}, page,
          {"position", "file_name"}, ArtifactOf);
    }
    return ReadPage(work,
                    absl::StrCat(kSelect, " WHERE a.position < $1::bigint",
                                 " ORDER BY a.position DESC LIMIT $2::bigint"),
                    {absl::StrCat(before), limit}, page, {"position", "file_name"}, ArtifactOf);
  });
}

}  // namespace fleetcast::registry
