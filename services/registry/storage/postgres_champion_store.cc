#include "services/registry/storage/postgres_champion_store.h"

#include <limits>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

// `e` is the event, `b` the one beneath it.
constexpr char kSelectEvents[] =
    "SELECT e.event, e.model_id, e.plant_id, e.circuit_id, e.kind, e.version,"
    " coalesce(e.replaced_version, 0) AS replaced_version, coalesce(e.beneath, 0) AS beneath,"
    " e.actor, e.reason, e.evidence,"
    " (extract(epoch FROM e.create_time) * 1000000)::bigint AS create_time,"
    " coalesce(b.version, 0) AS previous_version"
    " FROM registry.champion_events e"
    " LEFT JOIN registry.champion_events b ON b.event = e.beneath";
constexpr char kOfChampions[] = " JOIN registry.champions c ON c.event = e.event";

// Until the end of the transaction nobody else changes this circuit's champion, also where it has
// none and so no row to lock.
constexpr char kLockCircuit[] =
    "SELECT pg_advisory_xact_lock(hashtextextended('registry.champions ' || $1, 0))";

constexpr char kInsertEvent[] =
    "INSERT INTO registry.champion_events (model_id, plant_id, circuit_id, kind, version,"
    " replaced_version, beneath, actor, reason, evidence)"
    " VALUES ($1, $2, $3, $4, $5::bigint, NULLIF($6::bigint, 0), NULLIF($7::bigint, 0), $8, $9,"
    " $10::jsonb) RETURNING event";

constexpr char kSetChampion[] =
    "INSERT INTO registry.champions (model_id, plant_id, circuit_id, event)"
    " VALUES ($1, $2, $3, $4::bigint)"
    " ON CONFLICT (model_id, plant_id, circuit_id) DO UPDATE SET event = excluded.event";

constexpr char kRemoveChampion[] =
    "DELETE FROM registry.champions WHERE model_id = $1 AND plant_id = $2 AND circuit_id = $3";

constexpr char kVersionTags[] =
    "SELECT tags FROM registry.model_versions WHERE model_id = $1 AND version = $2::bigint";

ChampionEvent EventOf(const pqxx::row& row) {
  const auto text = [&](const char* column) { return row[column].as<std::string>(); };
  return {.event = row["event"].as<std::int64_t>(),
          .circuit = {text("model_id"), text("plant_id"), text("circuit_id")},
          .kind = ChampionEventKindOf(text("kind")),
          .version = row["version"].as<std::int64_t>(),
          .replaced_version = row["replaced_version"].as<std::int64_t>(),
          .beneath = row["beneath"].as<std::int64_t>(),
          .cause = {text("actor"), text("reason"), StringMapOf(row["evidence"])},
          .create_time = TimeOf(row["create_time"])};
}

Champion ChampionOf(const pqxx::row& row) {
  return {EventOf(row), row["previous_version"].as<std::int64_t>()};
}

absl::StatusOr<Champion> ReadByEvent(pqxx::work& work, std::int64_t event) {
  const auto rows =
      work.exec_params(absl::StrCat(kSelectEvents, " WHERE e.event = $1::bigint"), event);
  if (rows.empty()) return absl::InternalError(absl::StrCat("no champion event ", event));
  return ChampionOf(rows[0]);
}

std::optional<Champion> ReadPresent(pqxx::work& work, const CircuitName& circuit) {
  const auto rows = work.exec_params(
      absl::StrCat(kSelectEvents, kOfChampions,
                   " WHERE c.model_id = $1 AND c.plant_id = $2 AND c.circuit_id = $3"),
      circuit.model_id, circuit.plant_id, circuit.circuit_id);
  if (rows.empty()) return std::nullopt;
  return ChampionOf(rows[0]);
}

absl::StatusOr<Champion> Append(pqxx::work& work, const ChampionEvent& event) {
  const CircuitName& circuit = event.circuit;
  const auto id =
      work.exec_params(kInsertEvent, circuit.model_id, circuit.plant_id, circuit.circuit_id,
                       ChampionEventKindText(event.kind), event.version, event.replaced_version,
                       event.beneath, event.cause.actor, event.cause.reason,
                       JsonOf(event.cause.evidence))[0][0]
          .as<std::int64_t>();
  if (event.kind == ChampionEventKind::kRemoved)
    work.exec_params(kRemoveChampion, circuit.model_id, circuit.plant_id, circuit.circuit_id);
  else
    work.exec_params(kSetChampion, circuit.model_id, circuit.plant_id, circuit.circuit_id, id);
  return ReadByEvent(work, id);
}

absl::StatusOr<Champion> PromoteVersion(pqxx::work& work, const CircuitName& circuit,
                                        std::int64_t version, std::int64_t expected_version,
                                        const ChampionCause& cause) {
  work.exec_params(kLockCircuit, circuit.Text());
  const ModelVersionName name{circuit.model_id, version};
  const auto tags = work.exec_params(kVersionTags, circuit.model_id, version);
  if (tags.empty()) return ModelVersionNotFound(name);
  FLEETCAST_RETURN_IF_ERROR(CheckVersionOfCircuit(name, StringMapOf(tags[0][0]), circuit));
  const auto present = ReadPresent(work, circuit);
  std::optional<ChampionEvent> present_event;
  if (present.has_value()) present_event = present->event;
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto event, DecidePromotion(circuit, present_event, version, expected_version, cause));
  if (!event.has_value()) return *present;
  return Append(work, *event);
}

absl::StatusOr<Champion> RollBackChampion(pqxx::work& work, const CircuitName& circuit,
                                          std::int64_t expected_version,
                                          const ChampionCause& cause) {
  work.exec_params(kLockCircuit, circuit.Text());
  const auto present = ReadPresent(work, circuit);
  if (!present.has_value()) return ChampionNotFound(circuit);
  std::optional<ChampionEvent> beneath;
  if (present->event.beneath != 0) {
    FLEETCAST_ASSIGN_OR_RETURN(const Champion below, ReadByEvent(work, present->event.beneath));
    beneath = below.event;
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto event,
                             DecideRollback(present->event, beneath, expected_version, cause));
  return Append(work, event);
}

absl::StatusOr<Champion> RemoveChampion(pqxx::work& work, const CircuitName& circuit,
                                        std::int64_t expected_version, const ChampionCause& cause) {
  work.exec_params(kLockCircuit, circuit.Text());
  const auto present = ReadPresent(work, circuit);
  if (!present.has_value()) return ChampionNotFound(circuit);
  FLEETCAST_ASSIGN_OR_RETURN(const auto event,
                             DecideRemoval(present->event, expected_version, cause));
  return Append(work, event);
}

std::string Answer(const Champion& champion) { return absl::StrCat(champion.event.event); }

// A repeated request gets the champion that the first one made, whatever has happened since.
absl::StatusOr<Champion> ReadAgain(pqxx::work& work, const std::string& answer) {
  std::int64_t event = 0;
  if (!absl::SimpleAtoi(answer, &event)) return absl::InternalError("malformed answer in ledger");
  return ReadByEvent(work, event);
}

absl::StatusOr<db::SqlField> ChampionSqlField(const std::string& field) {
  if (field == "set_time") return db::SqlField{"e.create_time"};
  if (field == "actor" || field == "version") return db::SqlField{absl::StrCat("e.", field)};
  return db::SqlField{.expression = absl::StrCat("c.", field), .indexed = field == "plant_id"};
}

}  // namespace

absl::StatusOr<Champion> PostgresChampionStore::Get(const CircuitName& circuit) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Champion> {
    const auto present = ReadPresent(work, circuit);
    if (!present.has_value()) return ChampionNotFound(circuit);
    return *present;
  });
}

absl::StatusOr<PageOf<Champion>> PostgresChampionStore::List(const std::string& model_id,
                                                             const ListQuery& query) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto condition,
                             db::FilterToSql(query.filter, ChampionSqlField, 5));
  const std::string sql =
      absl::StrCat(kSelectEvents, kOfChampions, " WHERE c.model_id = $1",
                   " AND (c.plant_id, c.circuit_id) > ($2, $3) AND ", condition.text,
                   " ORDER BY c.plant_id, c.circuit_id LIMIT $4::bigint");
  std::vector<std::string> parameters = {model_id, AfterText(query.page, 0),
                                         AfterText(query.page, 1),
                                         absl::StrCat(query.page.size + 1)};
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
  const auto read = [&](pqxx::work& work) -> absl::StatusOr<PageOf<Champion>> {
    return ReadPage(work, sql, parameters, query.page, {"plant_id", "circuit_id"}, ChampionOf);
  };
  return ReadList(pool_, query, condition, "plant_id by =", read);
}

absl::StatusOr<Champion> PostgresChampionStore::Promote(const MutatingRequest& request,
                                                        const CircuitName& circuit,
                                                        std::int64_t version,
                                                        std::int64_t expected_version,
                                                        const ChampionCause& cause) {
  return AnswerOnce<Champion>(
      pool_, request,
      [&](pqxx::work& work) {
        return PromoteVersion(work, circuit, version, expected_version, cause);
      },
      Answer, ReadAgain);
}

absl::StatusOr<Champion> PostgresChampionStore::RollBack(const MutatingRequest& request,
                                                         const CircuitName& circuit,
                                                         std::int64_t expected_version,
                                                         const ChampionCause& cause) {
  return AnswerOnce<Champion>(
      pool_, request,
      [&](pqxx::work& work) { return RollBackChampion(work, circuit, expected_version, cause); },
      Answer, ReadAgain);
}

absl::StatusOr<Champion> PostgresChampionStore::Remove(const MutatingRequest& request,
                                                       const CircuitName& circuit,
                                                       std::int64_t expected_version,
                                                       const ChampionCause& cause) {
  return AnswerOnce<Champion>(
      pool_, request,
      [&](pqxx::work& work) { return RemoveChampion(work, circuit, expected_version, cause); },
      Answer, ReadAgain);
}

absl::StatusOr<PageOf<ChampionEvent>> PostgresChampionStore::ListEvents(const CircuitName& circuit,
                                                                        const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t before,
                             AfterNumber(page, 0, std::numeric_limits<std::int64_t>::max()));
  return db::ReadInTransaction(
      pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<ChampionEvent>> {
        return ReadPage(
            work,
            absl::StrCat(kSelectEvents, " WHERE e.model_id = $1 AND ($2 = '-' OR e.plant_id = $2)",
                         " AND ($3 = '-' OR e.circuit_id = $3) AND e.event < $4::bigint",
                         " ORDER BY e.event DESC LIMIT $5::bigint"),
            {circuit.model_id, circuit.plant_id, circuit.circuit_id, absl::StrCat(before),
             absl::StrCat(page.size + 1)},
            page, {"event"}, EventOf);
      });
}

}  // namespace fleetcast::registry
