#include "common/db/duties.h"

#include <algorithm>
#include <optional>
#include <stop_token>
#include <thread>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/notification.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/db/transaction.h"

namespace fleetcast::db {
namespace {

constexpr absl::Duration kLeastPause = absl::Seconds(3);
constexpr absl::Duration kLongestPause = absl::Minutes(1);
constexpr absl::Duration kPauseJitter = absl::Seconds(2);
constexpr absl::Duration kLookTime = absl::Seconds(5);
constexpr std::size_t kLongestError = 2000;

// $1 names of duties, $2 their periods in seconds, both between commas, $3 the holder. Takes one
// that is due; tells when the next one is, and how many rows there are of them.
constexpr char kLook[] = R"sql(
  WITH mine AS (
    SELECT d.name, m.every, d.next_time
    FROM @.duties d JOIN 
      unnest(string_to_array($1, ','), string_to_array($2, ',')::float8[]) AS m (name, every) USING (name)
  ), taken AS (
    UPDATE @.duties d
    SET next_time = statement_timestamp() + make_interval(secs => due.every),
        last_start_time = statement_timestamp(), last_end_time = NULL, holder = $3
    FROM (
      SELECT d.name, mine.every FROM @.duties d JOIN mine USING (name)
      WHERE d.next_time <= statement_timestamp()
      ORDER BY d.next_time LIMIT 1 FOR UPDATE OF d SKIP LOCKED
    ) due
    WHERE d.name = due.name
    RETURNING d.name
  )
  SELECT max(taken.name), count(*), coalesce(extract(epoch FROM
           min(CASE WHEN taken.name IS NULL THEN next_time - statement_timestamp()
                    ELSE make_interval(secs => every) END)), 0)::float8
  FROM mine LEFT JOIN taken USING (name))sql";

constexpr char kMakeRows[] =
    "INSERT INTO @.duties (name) SELECT unnest(string_to_array($1, ',')) ON CONFLICT (name) DO "
    "NOTHING";

// $1 name, $2 holder, $3 error, "" for none. Changes nothing if another process has begun
// meanwhile.
constexpr char kRecordEnd[] = R"sql(
  UPDATE @.duties
  SET last_end_time = statement_timestamp(), last_error = $3,
      next_time = CASE WHEN $3 = '' THEN next_time
                       ELSE least(next_time, statement_timestamp() + interval '1 minute') END
  WHERE name = $1 AND holder = $2 AND last_end_time IS NULL)sql";

struct Look {
  const Duty* taken = nullptr;
  bool complete = false;  // every duty has its row
  absl::Duration until_next;
};

std::string Told(const absl::Status& status) {
  return PrintableUtf8(status.ToString(absl::StatusToStringMode::kWithNoExtraData), kLongestError);
}

absl::Status Run(const Duty& duty, ConnectionPool& pool) {
  const ScopedDeadline deadline(duty.longest);
  try {
    return duty.run(pool);
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("the duty threw an exception: ", exception.what()));
  }
}

}  // namespace

struct Duties::State {
  State(ConnectionPool& pool, const std::string& schema, const std::string& holder, Clock& clock,
        std::vector<Duty> duties)
      : pool(pool), schema(schema), holder(holder), clock(clock), duties(std::move(duties)) {
    for (const Duty& duty : this->duties) {
      const char* comma = names.empty() ? "" : ",";
      absl::StrAppend(&names, comma, duty.name);
      absl::StrAppend(&periods, comma, absl::ToDoubleSeconds(duty.every));
    }
  }

  [[nodiscard]] std::string Sql(const char* statement, const pqxx::nontransaction& session) const {
    return absl::StrReplaceAll(statement, {{"@", session.quote_name(schema)}});
  }

  // Takes a duty that is due, for this process.
  absl::StatusOr<Look> LookForOne() {
    const ScopedDeadline deadline(kLookTime);
    return RunStatement(pool, [&](pqxx::nontransaction& session) -> absl::StatusOr<Look> {
      const pqxx::row row = session.exec_params1(Sql(kLook, session), names, periods, holder);
      Look look{.complete = row[1].as<std::size_t>() == duties.size(),
                .until_next = absl::Seconds(row[2].as<double>())};
      for (const Duty& duty : duties)
        if (!row[0].is_null() && row[0].as<std::string>() == duty.name) look.taken = &duty;
      return look;
    });
  }

  absl::Status MakeRows() {
    const ScopedDeadline deadline(kLookTime);
    return RunStatement(pool, [&](pqxx::nontransaction& session) {
      session.exec_params0(Sql(kMakeRows, session), names);
      return absl::OkStatus();
    });
  }

  void Do(const Duty& duty) {
    const ScopedLogFields fields({{"duty", absl::StrCat(schema, ".", duty.name)}});
    const absl::Status done = Run(duty, pool);
    const std::string error = done.ok() ? "" : Told(done);
    if (!done.ok()) LogWarning("a periodic duty failed", {{"error", error}});
    const ScopedDeadline deadline(kLookTime);
    const absl::Status recorded = RunStatement(pool, [&](pqxx::nontransaction& session) {
      session.exec_params0(Sql(kRecordEnd, session), duty.name, holder, error);
      return absl::OkStatus();
    });
    if (!recorded.ok())
      LogWarning("the end of a periodic duty could not be recorded", {{"error", Told(recorded)}});
  }

  // One look and what follows from it; how long to sleep then.
  absl::Duration Turn() {
    auto look = LookForOne();
    if (look.ok() && !look->complete)
      if (absl::Status made = MakeRows(); !made.ok()) look = made;
    if (!look.ok()) {
      if (!std::exchange(blind, true))
        LogWarning("cannot look for periodic duties; goes on trying",
                   {{"schema", schema}, {"error", Told(look.status())}});
      return kLeastPause;
    }
    blind = false;
    if (look->taken != nullptr) Do(*look->taken);
    // There is more: the next look comes at once.
    if (!look->complete || look->until_next <= absl::ZeroDuration()) return absl::ZeroDuration();
    return std::clamp(look->until_next, kLeastPause, kLongestPause);
  }

  void Loop() {
    const ScopedCancellation cancelled(cut.get_token());
    absl::BitGen random;
    while (!stop.HasBeenNotified()) {
      const absl::Duration pause = Turn();
      if (pause > absl::ZeroDuration())
        clock.SleepUnlessStopped(pause + kPauseJitter * absl::Uniform(random, 0.0, 1.0), stop);
    }
  }

  ConnectionPool& pool;
  const std::string schema, holder;
  Clock& clock;
  const std::vector<Duty> duties;
  std::string names, periods;
  bool blind = false;  // the last look failed
  Notification stop;
  std::stop_source cut;  // ends a statement or a call under way
  std::thread thread;
};

Duties::Duties(ConnectionPool& pool, const std::string& schema, const std::string& holder,
               Clock& clock, std::vector<Duty> duties)
    : state_(std::make_unique<State>(pool, schema, holder, clock, std::move(duties))) {
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

Duties::~Duties() { Stop(); }

void Duties::Stop() {
  state_->cut.request_stop();
  state_->stop.Notify();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace fleetcast::db
