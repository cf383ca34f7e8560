#include "services/registry/storage/version_batch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "common/base/status.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "services/registry/storage/rows.h"
#include "services/registry/storage/version_rows.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;
using Batch = std::vector<const NewVersionRequest*>;
using Results = std::vector<absl::StatusOr<ModelVersion>>;

constexpr char kAddModel[] =
    "INSERT INTO registry.models (model_id) VALUES ($1) ON CONFLICT DO NOTHING";
constexpr char kLockModel[] = "SELECT 1 FROM registry.models WHERE model_id = $1 FOR UPDATE";

// What each new version refers to; NULL where it does not exist. `of_job` is the version that its
// training job has already.
constexpr char kReferences[] =
    "SELECT i.item, a.size_bytes, r.position AS run_position,"
    " d.version IS NOT NULL AS has_data, e.version IS NOT NULL AS has_environment,"
    " j.model_id AS model_of_job, j.version AS version_of_job"
    " FROM jsonb_to_recordset($1::jsonb) AS i (item int, artifact_sha256 text, experiment_id text,"
    "  run_id text, data_asset_id text, data_asset_version text, environment_id text,"
    "  environment_version text, training_job text)"
    " LEFT JOIN registry.artifacts a ON a.sha256 = i.artifact_sha256"
    " LEFT JOIN registry.runs r ON r.experiment_id = i.experiment_id AND r.run_id = i.run_id"
    " LEFT JOIN registry.data_asset_versions d"
    "  ON d.data_asset_id = i.data_asset_id AND d.version = i.data_asset_version"
    " LEFT JOIN registry.environment_versions e"
    "  ON e.environment_id = i.environment_id AND e.version = i.environment_version"
    " LEFT JOIN registry.model_versions j"
    "  ON j.training_job = i.training_job AND j.training_job <> ''";

// Takes the next $2 numbers under the model's row lock. Times grow with the numbers even if the
// clock is set back. `place` counts from 1 in the order of the batch.
constexpr char kInsert[] =
    "WITH allotted AS ("
    " UPDATE registry.models SET last_version = last_version + $2::bigint, last_version_time ="
    "  greatest(clock_timestamp(), last_version_time + interval '1 microsecond')"
    "  + ($2::bigint - 1) * interval '1 microsecond'"
    " WHERE model_id = $1 RETURNING last_version - $2::bigint AS last_version,"
    "  last_version_time - $2::bigint * interval '1 microsecond' AS last_time)"
    " INSERT INTO registry.model_versions (model_id, version, tags, metrics, artifact_sha256,"
    "  run_position, data_asset_id, data_asset_version, environment_id, environment_version,"
    "  training_job, create_time, update_time)"
    " SELECT $1, last_version + place, tags, metrics, artifact_sha256, run_position,"
    "  data_asset_id, data_asset_version, environment_id, environment_version, training_job,"
    "  last_time + place * interval '1 microsecond', last_time + place * interval '1 microsecond'"
    " FROM allotted, jsonb_to_recordset($3::jsonb) AS i (place bigint, tags jsonb, metrics jsonb,"
    "  artifact_sha256 text, run_position bigint, data_asset_id text, data_asset_version text,"
    "  environment_id text, environment_version text, training_job text)"
    " ORDER BY place"
    " RETURNING version, (extract(epoch FROM create_time) * 1000000)::bigint AS create_time";

Json ReferencesJson(const NewModelVersion& version) {
  return {{"artifact_sha256", version.artifact_sha256},
          {"experiment_id", version.run.experiment_id},
          {"run_id", version.run.run_id},
          {"data_asset_id", version.data_asset_version.asset_id},
          {"data_asset_version", version.data_asset_version.version},
          {"environment_id", version.environment_version.environment_id},
          {"environment_version", version.environment_version.version},
          {"training_job", version.training_job}};
}

// FAILED_PRECONDITION naming what does not exist.
absl::Status CheckReferences(const NewModelVersion& version, const pqxx::row& found) {
  if (found["size_bytes"].is_null()) {
    return ReferenceMissing("model_version.artifact_sha256",
                            ArtifactNameText(version.artifact_sha256));
  }
  if (found["run_position"].is_null()) {
    return ReferenceMissing("model_version.run", version.run.Text());
  }
  if (!found["has_data"].as<bool>()) {
    return ReferenceMissing("model_version.data_asset_version", version.data_asset_version.Text());
  }
  if (!found["has_environment"].as<bool>()) {
    return ReferenceMissing("model_version.environment_version",
                            version.environment_version.Text());
  }
  return absl::OkStatus();
}

// One transaction over one batch.
class Creation {
 public:
  Creation(pqxx::work& work, const Batch& batch)
      : work_(work),
        batch_(batch),
        model_id_(batch[0]->version.model_id),
        results_(batch.size(), absl::InternalError("no outcome of a new version")) {}

  absl::StatusOr<Results> Run() {
    const std::vector<std::size_t> claimed = Claim();
    if (claimed.empty()) return std::move(results_);
    if (IsModel(model_id_)) {
      LockModel();
      Insert(Check(claimed));
    } else {
      for (const std::size_t item : claimed) results_[item] = ModelNotFound(model_id_);
    }
    FLEETCAST_RETURN_IF_ERROR(Record(claimed));
    return std::move(results_);
  }

 private:
  // A model that has no version yet may have no row.
  void LockModel() {
    if (!work_.exec_params(kLockModel, model_id_).empty()) return;
    work_.exec_params(kAddModel, model_id_);
    work_.exec_params(kLockModel, model_id_);
  }

  // The items whose requests are new; the others have their first answer, or an error.
  std::vector<std::size_t> Claim() {
    std::vector<MutatingRequest> requests;
    for (const NewVersionRequest* item : batch_) requests.push_back(item->request);
    const auto claims = db::ClaimRequests(work_, kSchema, requests);
    std::vector<std::size_t> claimed;
    for (std::size_t item = 0; item < claims.size(); ++item) {
      const NewModelVersion& version = batch_[item]->version;
      if (!claims[item].ok()) {
        results_[item] = claims[item].status();
      } else if (claims[item]->has_value()) {
        results_[item] = VersionAnswered(work_, version.model_id, **claims[item], &version);
      } else {
        claimed.push_back(item);
      }
    }
    return claimed;
  }

  // The rows to insert: those of `claimed` whose references exist and whose job has no version.
  Json Check(const std::vector<std::size_t>& claimed) {
    Json asked = Json::array();
    for (const std::size_t item : claimed) {
      asked.push_back(ReferencesJson(batch_[item]->version));
      asked.back()["item"] = item;
    }
    answers_.resize(batch_.size());
    std::vector<Json> rows(batch_.size());
    for (const pqxx::row& found : work_.exec_params(kReferences, asked.dump())) {
      const auto item = found["item"].as<std::size_t>();
      const NewModelVersion& version = batch_[item]->version;
      if (!found["version_of_job"].is_null()) {
        results_[item] = ReadVersion(work_, {found["model_of_job"].as<std::string>(),
                                             found["version_of_job"].as<std::int64_t>()});
        if (results_[item].ok()) answers_[item] = StandingAnswer(*results_[item]);
      } else if (const absl::Status missing = CheckReferences(version, found); !missing.ok()) {
        results_[item] = missing;
      } else {
        rows[item] = ReferencesJson(version);
        rows[item]["run_position"] = found["run_position"].as<std::int64_t>();
        rows[item]["tags"] = version.tags;
        rows[item]["metrics"] = version.metrics;
        results_[item] = ModelVersion{.name = {model_id_, 0}, .made_of = version};
        results_[item]->artifact_size_bytes = found["size_bytes"].as<std::int64_t>();
      }
    }
    Json inserted = Json::array();
    for (const std::size_t item : claimed) {
      if (rows[item].is_null()) continue;
      to_insert_.push_back(item);
      rows[item]["place"] = to_insert_.size();
      inserted.push_back(std::move(rows[item]));
    }
    return inserted;
  }

  void Insert(const Json& rows) {
    if (rows.empty()) return;
    const auto inserted = work_.exec_params(kInsert, model_id_, rows.size(), rows.dump());
    for (std::size_t i = 0; i < to_insert_.size(); ++i) {
      ModelVersion& version = *results_[to_insert_[i]];
      version.name.version = inserted[static_cast<int>(i)]["version"].as<std::int64_t>();
      version.create_time = version.update_time =
          TimeOf(inserted[static_cast<int>(i)]["create_time"]);
      answers_[to_insert_[i]] = CreatedAnswer(version);
    }
  }

  absl::Status Record(const std::vector<std::size_t>& claimed) {
    answers_.resize(batch_.size());
    std::vector<db::RequestAnswer> answers;
    answers.reserve(claimed.size());
    for (const std::size_t item : claimed) {
      answers.push_back({batch_[item]->request.request_id, answers_[item]});
    }
    return db::RecordAnswers(work_, kSchema, answers);
  }

  pqxx::work& work_;
  const Batch& batch_;
  const std::string& model_id_;
  Results results_;
  std::vector<std::optional<std::string>> answers_;
  std::vector<std::size_t> to_insert_;
};

// Whether one request alone may have made its whole transaction fail.
bool MayBeOneRequestsFault(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool FitsVersionBatch(const std::vector<const NewVersionRequest*>& batch,
                      const NewVersionRequest& next) {
  return std::none_of(batch.begin(), batch.end(), [&](const NewVersionRequest* other) {
    return other->version.model_id != next.version.model_id ||
           absl::AsciiStrToLower(other->request.request_id) ==
               absl::AsciiStrToLower(next.request.request_id) ||
           (!next.version.training_job.empty() &&
            other->version.training_job == next.version.training_job);
  });
}

std::vector<absl::StatusOr<ModelVersion>> CreateVersions(db::ConnectionPool& pool,
                                                         const Batch& batch) {
  auto results =
      db::RunInTransaction(pool, [&](pqxx::work& work) { return Creation(work, batch).Run(); });
  if (results.ok()) return *std::move(results);
  if (batch.size() == 1 || !MayBeOneRequestsFault(results.status())) {
    return Results(batch.size(), results.status());
  }
  Results alone;
  alone.reserve(batch.size());
  for (const NewVersionRequest* item : batch) alone.push_back(CreateVersions(pool, {item})[0]);
  return alone;
}

}  // namespace fleetcast::registry
