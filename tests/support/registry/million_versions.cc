#include "tests/support/registry/million_versions.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"

namespace fleetcast::db {
std::vector<Migration> registryMigrations();
}

namespace fleetcast::testing {
namespace {

// Memory in which indexes are made.
constexpr char kMemory[] = R"(DO $$ BEGIN
  EXECUTE 'ALTER DATABASE ' || current_database() || ' SET maintenance_work_mem = ''512MB''';
END $$)";

// Foreign keys are not checked while the rows are made: all that they refer to is.
constexpr char kFill[] = R"(
SET LOCAL statement_timeout = 0;
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;
SET LOCAL enable_mergejoin = off;  -- rows in the order of their numbers
SET LOCAL jit = off;

-- Indexes are made of the full tables.
CREATE TEMPORARY TABLE indexes ON COMMIT DROP AS
SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relnamespace = 'registry'::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid);
DO $$ DECLARE i record; BEGIN
  FOR i IN SELECT name FROM indexes LOOP EXECUTE 'DROP INDEX ' || i.name; END LOOP;
END $$;

INSERT INTO registry.experiments (experiment_id, display_name)
SELECT 'plant_P' || to_char(c / 100, 'FM000') || '_circuit_C' || to_char(c % 100, 'FM000'), 'e'
FROM generate_series(0, 9999) c;

INSERT INTO registry.artifacts (sha256, size_bytes, media_type, file_name)
VALUES (repeat('a', 64), 3, 'application/x-tar', 'model.tar');

INSERT INTO registry.environment_versions (environment_id, version, description, properties)
VALUES ('custom-lstm-env', '1.5.0', '', '{}');

INSERT INTO registry.data_asset_versions (data_asset_id, version, sensor_id, source_uri,
  fingerprint, row_count, first_time, last_time, step_seconds, columns, issues, ml_table)
SELECT 'plant_P' || to_char(c / 100, 'FM000') || '_circuit_C' || to_char(c % 100, 'FM000'),
  '2025-12-09', 's', '', repeat('f', 64), 48, now(), now(), 3600, '[]', '[]', 'paths'
FROM generate_series(0, 9999) c;

INSERT INTO registry.runs (experiment_id, run_id, display_name, state, params, tags, end_time)
SELECT 'plant_P' || to_char(n / 100 % 100, 'FM000') || '_circuit_C' || to_char(n % 100, 'FM000'),
  'r' || n, 'r' || n, CASE WHEN n % 10000 = 0 THEN 'FAILED' ELSE 'FINISHED' END,
  p.params || CASE WHEN n % 50000 = 0 THEN '{"optimizer/name": "adam"}'::jsonb ELSE '{"epochs": "50"}' END,
  t.tags || CASE WHEN n % 50000 = 1 THEN '{"purpose": "trial"}'::jsonb ELSE '{}' END, now()
FROM generate_series(1, least($versions, 100000)) n,
  (SELECT jsonb_build_object('feature_columns', string_agg('sensor_' || i || '_celsius', ',')) AS params
   FROM generate_series(1, 64) i) p,
  (SELECT jsonb_build_object('remarks', string_agg('FILLED: ' || i || ' (temperature, flow)', '; ')) AS tags
   FROM generate_series(1, 40) i) t;

WITH circuits AS MATERIALIZED (
  SELECT c, 'plant_P' || to_char(c / 100, 'FM000') || '_circuit_C' || to_char(c % 100, 'FM000') AS name,
    jsonb_build_object('plant_id', 'P' || to_char(c / 100, 'FM000'),
      'circuit_id', 'C' || to_char(c % 100, 'FM000'), 'environment_version', '1.5.0',
      'data_asset_version', '2025-12-09', 'hyperparameters_hash', repeat(md5(c::text), 2),
      'mae', (c / 1e4)::text, 'rmse', (c / 5e3)::text, 'r2', (c / 1e4)::text,
      'trained_at', '2025-12-10T06:00:00Z', 'shift', CASE c % 3 WHEN 0 THEN 'late' ELSE 'early' END,
      'hall', 'H' || c % 100, 'line', 'L' || c % 500, 'training_hash', repeat(md5('t' || c), 2),
      'uses_calendar', 'true', 'last_reading', '2025-12-08T23:00:00Z', 'gate', 'PASSED',
      'gate_champion', 'models/sensor-model/versions/' || c, 'members', m.members, 'gate_why', repeat(
        'mean absolute error ' || c / 1e4 || ' on 168 rows, the champion''s ' || c / 9e3 || '; ', 3)) AS tags,
    jsonb_build_object('mae', c / 1e4, 'rmse', c / 5e3, 'r2', c / 1e4, 'skill', c / 1e4,
      'test_windows', 24) AS metrics
  FROM generate_series(0, 9999) c, LATERAL (
    SELECT string_agg('linear, penalty 0.' || i || ': 0.' || (c + i) % 90 + 10, '; ') AS members
    FROM generate_series(1, 8) i) m),
requests AS MATERIALIZED (
  SELECT p, jsonb_build_object('pr_number', p::text, 'pr_author', 'author' || p % 10,
    'git_commit_sha', md5(p::text), 'cutoff_date', '2025-12-' || to_char(1 + p % 28, 'FM00'),
    'engine', CASE WHEN p < $versions / 2000 THEN 'fleetcast 1.4' ELSE 'fleetcast 1.5' END) AS tags
  FROM generate_series(0, $versions / 1000) p)
INSERT INTO registry.model_versions (model_id, version, tags, metrics, artifact_sha256,
  run_position, data_asset_id, data_asset_version, environment_id, environment_version,
  training_job, create_time, update_time)
SELECT 'sensor-model', n, c.tags || p.tags, c.metrics, repeat('a', 64), 1 + (n - 1) % 100000, c.name,
  '2025-12-09', 'custom-lstm-env', '1.5.0', CASE n % 2 WHEN 0 THEN '' ELSE 'trainingRuns/t' || n || '/jobs/j' END,
  timestamptz '2020-01-01 00:00:00+00' + n * interval '1 microsecond',
  timestamptz '2020-01-01 00:00:00+00' + n * interval '1 microsecond'
FROM generate_series(1, $versions) n
JOIN circuits c ON c.c = n % 10000 JOIN requests p ON p.p = n / 1000;

UPDATE registry.model_versions SET tags = tags || '{"team": "nobody else", "team/owner": "ada"}'
WHERE version = 1234;

UPDATE registry.models SET last_version = $versions,
  last_version_time = timestamptz '2020-01-01 00:00:00+00' + $versions * interval '1 microsecond';

INSERT INTO registry.champion_events (model_id, plant_id, circuit_id, kind, version, actor, reason, evidence)
SELECT 'sensor-model', tags ->> 'plant_id', tags ->> 'circuit_id', 'PROMOTED', version, 'trainer', 'better',
  '{"mae": "0.41", "skill": "0.2"}'
FROM registry.model_versions WHERE version > $versions - 100000 ORDER BY version;
INSERT INTO registry.champions (model_id, plant_id, circuit_id, event)
SELECT model_id, plant_id, circuit_id, max(event) FROM registry.champion_events GROUP BY 1, 2, 3;

DO $$ DECLARE i record; BEGIN
  FOR i IN SELECT definition FROM indexes LOOP EXECUTE i.definition; END LOOP;
END $$;
)";

}  // namespace

absl::Status FillWithVersions(const std::string& dsn, int versions) {
  const auto execute = [](db::ConnectionPool& pool, const std::string& sql) {
    return db::RunInTransaction(pool, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
  };
  // For the sessions that come after this one.
  db::ConnectionPool first({.dsn = dsn, .size = 1});
  FLEETCAST_RETURN_IF_ERROR(execute(first, kMemory));
  db::ConnectionPool pool({.dsn = dsn, .size = 2, .statement_timeout = absl::Minutes(30)});
  FLEETCAST_RETURN_IF_ERROR(db::Migrate(pool, "registry", db::registryMigrations()));
  FLEETCAST_RETURN_IF_ERROR(
      execute(pool, absl::StrReplaceAll(kFill, {{"$versions", absl::StrCat(versions)}})));
  return execute(pool, "ANALYZE");
}

}  // namespace fleetcast::testing
