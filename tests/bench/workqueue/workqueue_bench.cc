// What the work queue does in a second on a durable Postgres, with the product's own worker in
// several processes, and beside it River (Go) on the same server in the same run. Tasks do nothing.
//   ./dev bench workqueue [--rates N] [--pin-seconds N] [-o json]
// --rates: how often the rates are measured, beside River's in turns; medians are told (3).
// --pin-seconds: how long work goes on while a transaction elsewhere pins the oldest snapshot (60);
// 0 measures the rates alone.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/local/private_cluster.h"
#include "common/base/log.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "common/workqueue/duties.h"
#include "common/workqueue/worker.h"

namespace fleetcast::db {
std::vector<Migration> trainerMigrations();
}

namespace fleetcast::workqueue {
namespace {

constexpr int kTasks = 10'000, kProcesses = 4, kBatch = 50, kManyQueued = 100'000, kSamples = 400;
// As large as a circuit's configuration.
const std::string kPayload = absl::StrCat("{\"configuration\": \"", std::string(900, 'x'), "\"}");

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void Require(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "workqueue_bench: %s: %s\n", what, std::string(status.message()).c_str());
  std::exit(1);
}

// The queue as a process of the product has it.
struct Process {
  explicit Process(const std::string& dsn)
      : dsn(dsn), pool({.dsn = dsn}), lease_pool({.dsn = dsn, .size = 4}) {}
  const std::string dsn;
  db::ConnectionPool pool, lease_pool;
  SystemClock clock;
  Queue queue{{.schema = "trainer", .queue = "training"}, pool, lease_pool};
};

void Enqueue(Process& process, const std::string& group, int count) {
  std::vector<NewTask> tasks;
  for (int i = 0; i < count; ++i) {
    const std::string name = absl::StrCat(group, ".", absl::Dec(i, absl::kZeroPad6));
    tasks.push_back({.name = name,
                     .key = name,
                     .pool = "here",
                     .pools = {"fleet"},
                     .payload = kPayload,
                     .max_attempts = 3});
  }
  Require(db::RunInTransaction(
              process.pool,
              [&](pqxx::work& work) { return process.queue.Enqueue(work, group, "{}", tasks); }),
          "enqueue");
}

pqxx::result Sql(Process& process, const std::string& sql) {
  pqxx::result result;
  Require(db::RunStatement(process.pool,
                           [&](pqxx::nontransaction& work) {
                             result = work.exec(sql);
                             return absl::OkStatus();
                           }),
          "a question");
  return result;
}

struct Workers {
  int processes = 4, slots = 1, batch = 1;
};

// Does nothing with tasks until it is killed: `workqueue_bench --worker DSN SLOTS BATCH DUTIES`.
[[noreturn]] void Work(const std::string& dsn, int slots, int batch, bool with_duties) {
  Process process(dsn);
  WorkerOptions options{.holder = absl::StrCat("bench-", getpid()),
                        .pool = "here",
                        .dsn = dsn,
                        .slots = slots,
                        .batch = batch};
  Worker worker(options, process.queue, process.clock, [](const Batch& tasks) {
    BatchOutcome outcome;
    outcome.outcomes.assign(tasks.size(), {.ending = Ending::kSucceeded, .result = "{}"});
    return outcome;
  });
  worker.Start();
  std::unique_ptr<db::Duties> duties;
  if (with_duties)
    duties = std::make_unique<db::Duties>(process.pool, "trainer", options.holder, process.clock,
                                          DutiesOf({{process.queue, absl::Hours(24)}}));
  for (;;) pause();
}

pid_t StartWorker(const std::string& dsn, const Workers& workers, bool with_duties = false) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  execl("/proc/self/exe", "workqueue_bench", "--worker", dsn.c_str(),
        std::to_string(workers.slots).c_str(), std::to_string(workers.batch).c_str(),
        with_duties ? "1" : "0", nullptr);
  _exit(127);
}

void Kill(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) kill(pid, SIGKILL);
  for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
}

// Fields 4 and 14 to 17 of /proc/[pid]/stat: the parent, and clock ticks of the process and of
// those of its children that have ended.
struct ProcessTimes {
  pid_t parent = 0;
  long user = 0, system = 0, children_user = 0, children_system = 0;
};

ProcessTimes TimesOf(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line, skipped;
  std::getline(file, line);
  ProcessTimes times;
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return times;
  std::istringstream fields(line.substr(name_end + 1));
  fields >> skipped >> times.parent;
  for (int i = 5; i < 14; ++i) fields >> skipped;
  fields >> times.user >> times.system >> times.children_user >> times.children_system;
  return times;
}

// Seconds of a core that Postgres, and the workers that were or are ours, have used.
double CoreSeconds(pid_t postmaster) {
  long ticks = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const ProcessTimes times = TimesOf(pid);
    const bool is_root = std::stol(pid) == postmaster || std::stol(pid) == getpid();
    if (is_root) ticks += times.children_user + times.children_system;
    if (is_root || times.parent == postmaster || times.parent == getpid())
      ticks += times.user + times.system;
  }
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void AwaitEnd(Process& process, const std::string& group) {
  const std::string open = absl::StrCat(
      "SELECT 1 FROM trainer.task_groups WHERE end_time IS NULL AND group_id = '", group, "'");
  while (!Sql(process, open).empty()) usleep(5'000);
}

struct Rate {
  double per_second = 0, enqueue_seconds = 0, wal_bytes_per_task = 0, core_seconds = 0;
};

Rate Drain(Process& process, const std::string& group, int tasks, const Workers& workers) {
  const auto postmaster =
      Sql(process, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
  const pid_t server = postmaster[0][0].as<int>();
  std::vector<pid_t> pids;
  for (int i = 0; i < workers.processes; ++i)
    pids.push_back(StartWorker(process.dsn, workers, i == 0));
  usleep(2'000'000);  // they are up and listen
  const auto wal = [&] {
    return Sql(process, "SELECT pg_current_wal_lsn() - '0/0'")[0][0].as<double>();
  };
  const double wal_before = wal();
  const double cores_before = CoreSeconds(server);
  const auto start = Clock::now();
  Enqueue(process, group, tasks);
  const double enqueued = SecondsSince(start);
  AwaitEnd(process, group);
  const double seconds = SecondsSince(start);
  const double core_seconds = CoreSeconds(server) - cores_before;
  Kill(pids);
  return {tasks / seconds, enqueued, (wal() - wal_before) / tasks, core_seconds};
}

double Percentile(std::vector<double> samples, double share) {
  std::sort(samples.begin(), samples.end());
  return samples[std::min(samples.size() - 1, static_cast<std::size_t>(share * samples.size()))];
}

// Milliseconds of fetching one batch of 10, with `queued` waiting; what is fetched succeeds.
std::vector<double> FetchTimes(Process& process, const std::string& name, int queued) {
  std::vector<double> times;
  for (int round = 0; static_cast<int>(times.size()) < kSamples; ++round) {
    const std::string group = absl::StrCat(name, "-", round);
    Enqueue(process, group, queued);
    Sql(process, "ANALYZE trainer.tasks");
    const int fetches = std::min(kSamples - static_cast<int>(times.size()), queued / 20);
    for (int i = 0; i < fetches; ++i) {
      if (i % 100 == 0) Require(process.queue.Tend(process.pool).status(), "tend");
      const auto start = Clock::now();
      const auto fetched = process.queue.Fetch(
          {.holder = "bench", .pool = "here", .most = 10, .lease = absl::Minutes(5)});
      times.push_back(SecondsSince(start) * 1000);
      Require(fetched.status(), "fetch");
      std::vector<Success> successes;
      for (const FetchedTask& task : *fetched) successes.push_back({task.hold(), "{}", ""});
      Require(process.queue.SucceedAll(successes).status(), "succeed");
    }
    Require(
        db::RunInTransaction(process.pool,
                             [&](pqxx::work& work) {
                               return process.queue.Cancel(work, {.group_id = group}, "").status();
                             }),
        "cancel");
  }
  return times;
}

// Milliseconds of ending a batch in a group of `size`.
double EndingTime(Process& process, int size) {
  const std::string group = absl::StrCat("ending-", size);
  Enqueue(process, group, size);
  std::vector<double> times;
  for (int i = 0; i < std::min(40, size / 10); ++i) {
    const auto fetched = process.queue.Fetch(
        {.holder = "bench", .pool = "here", .most = 10, .lease = absl::Minutes(5)});
    Require(fetched.status(), "fetch");
    std::vector<Success> successes;
    for (const FetchedTask& task : *fetched) successes.push_back({task.hold(), "{}", ""});
    const auto start = Clock::now();
    Require(process.queue.SucceedAll(successes).status(), "succeed");
    times.push_back(SecondsSince(start) * 1000);
  }
  Require(
      db::RunInTransaction(process.pool,
                           [&](pqxx::work& work) {
                             return process.queue.Cancel(work, {.group_id = group}, "").status();
                           }),
      "cancel");
  return Percentile(times, 0.5);
}

double IdleStatementsPerSecond(Process& process) {
  // It commits too, and would be counted.
  Sql(process, "ALTER SYSTEM SET autovacuum = off");
  Sql(process, "SELECT pg_reload_conf()");
  const std::vector<pid_t> pids = {StartWorker(process.dsn, {}, true)};
  usleep(5'000'000);
  const auto transactions = [&] {
    Sql(process, "SELECT pg_stat_force_next_flush()");
    usleep(1'200'000);
    return Sql(process,
               "SELECT xact_commit FROM pg_stat_database WHERE datname ="
               " current_database()")[0][0]
        .as<double>();
  };
  const double before = transactions();
  const auto start = Clock::now();
  usleep(30'000'000);
  const double after = transactions();
  const double seconds = SecondsSince(start);
  Kill(pids);
  Sql(process, "ALTER SYSTEM RESET autovacuum");
  Sql(process, "SELECT pg_reload_conf()");
  return std::max(0.0, (after - before - 3) / seconds);  // ours are not its
}

// Jobs a second of River's own worker, or 0 where there is no Go.
double RiverRate(cli::PrivateCluster& cluster, const std::filesystem::path& folder, int slots,
                 int round) {
  const std::string program = folder / "river";
  const std::string build =
      absl::StrCat("cd '", RIVER_SOURCE, "' && go build -o '", program, "' . >&2");
  if (std::system(build.c_str()) != 0) return 0;
  const auto dsn = cluster.Dsn(absl::StrCat("river_", slots, "_", round));
  Require(dsn.status(), "River's database");
  const auto run = [&](const std::string& arguments) {
    return absl::StrCat("'", program, "' ", arguments);
  };
  if (std::system(run(absl::StrCat("migrate '", *dsn, "'")).c_str()) != 0) return 0;
  std::vector<pid_t> pids;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      execl(program.c_str(), "river", "work", dsn->c_str(), std::to_string(slots).c_str(), nullptr);
      _exit(127);
    }
    pids.push_back(pid);
  }
  usleep(2'000'000);
  db::ConnectionPool pool({.dsn = *dsn});
  const auto left = [&] {
    int count = 1;
    Require(db::RunStatement(
                pool,
                [&](pqxx::nontransaction& work) {
                  count =
                      work.exec("SELECT count(*) FROM river_job WHERE state <> 'completed'")[0][0]
                          .as<int>();
                  return absl::OkStatus();
                }),
            "River's count");
    return count;
  };
  const auto start = Clock::now();
  const int enqueued = std::system(
      run(absl::StrCat("enqueue '", *dsn, "' ", kTasks, " '", std::string(900, 'x'), "'")).c_str());
  while (enqueued == 0 && left() > 0) usleep(20'000);
  const double seconds = SecondsSince(start);
  Kill(pids);
  return enqueued == 0 ? kTasks / seconds : 0;
}

using Tell = std::function<void(const std::string& key, double value, const char* unit)>;

void MeasureRates(Process& process, cli::PrivateCluster& cluster,
                  const std::filesystem::path& folder, int rounds, const Tell& tell) {
  std::vector<double> batches, of_river, single, single_of_river, cores;
  Rate last;
  for (int round = 0; round < rounds; ++round) {
    last = Drain(process, absl::StrCat("batches-", round), kTasks, {.batch = kBatch});
    batches.push_back(last.per_second);
    of_river.push_back(RiverRate(cluster, folder, kBatch, round));
    const Rate one = Drain(process, absl::StrCat("single-", round), kTasks / 4, {});
    single.push_back(one.per_second);
    cores.push_back(one.core_seconds * 4);
    single_of_river.push_back(RiverRate(cluster, folder, 1, round));
    std::fprintf(stderr, "round %d: %.0f, River %.0f; one at a time %.0f, River %.0f\n", round + 1,
                 batches.back(), of_river.back(), single.back(), single_of_river.back());
  }
  const auto median = [](const std::vector<double>& of) { return Percentile(of, 0.5); };
  tell("10,000 tasks, 4 processes, batches of 50", median(batches), "/s");
  tell("  until they are enqueued", last.enqueue_seconds, "s");
  tell("  Postgres and the workers", last.core_seconds, "s of a core");
  tell("  bytes of WAL", last.wal_bytes_per_task, "/task");
  tell("  River, 10,000 jobs, 4 processes, 50 workers each", median(of_river), "/s");
  tell("one task at a time, 4 processes", median(single), "/s");
  tell("  Postgres and the workers, 10,000 such", median(cores), "s of a core");
  tell("  River, one worker in each", median(single_of_river), "/s");
  // As trainers do: the work itself takes nothing.
  const Rate training = Drain(process, "training", kTasks, {.processes = 1, .slots = 2});
  tell("a training run of 10,000, one replica of two slots", training.per_second, "/s");
  tell("  Postgres and the replica", training.core_seconds, "s of a core");
}

// Milliseconds of fetching and ending, and what an idle replica asks.
void MeasureWaits(Process& process, cli::PrivateCluster& cluster, int pin_seconds,
                  const Tell& tell) {
  const double few = Percentile(FetchTimes(process, "few", 100), 0.99);
  const double many = Percentile(FetchTimes(process, "many", kManyQueued), 0.99);
  tell("p99 of a fetch, 100 queued", few, "ms");
  tell("p99 of a fetch, 100,000 queued", many, "ms");
  tell("  ratio, against 100 queued", many / few, "x");
  for (const int size : {100, 1'000, 10'000})
    tell(absl::StrCat("ending 10 tasks in a group of ", size), EndingTime(process, size), "ms");
  const auto idle_dsn = cluster.Dsn("idle");
  Require(idle_dsn.status(), "the database of an idle replica");
  Process idle(*idle_dsn);
  Require(db::Migrate(idle.pool, "trainer", db::trainerMigrations()), "migrations");
  tell("statements of an idle replica", IdleStatementsPerSecond(idle), "/s");

  pqxx::connection elsewhere(process.dsn);
  pqxx::transaction<pqxx::repeatable_read> pin(elsewhere);
  pin.exec("SELECT count(*) FROM trainer.tasks");
  const auto start = Clock::now();
  int drained = 0;
  while (SecondsSince(start) < pin_seconds)
    Drain(process, absl::StrCat("pinned-", drained++), kTasks, {.batch = kBatch});
  const double pinned = Percentile(FetchTimes(process, "beside", kManyQueued), 0.99);
  tell(absl::StrCat("p99 of a fetch, 100,000 queued, a snapshot pinned for ",
                    static_cast<int>(SecondsSince(start)), " s"),
       pinned, "ms");
  tell("  ratio, against 100 queued", pinned / few, "x");
  tell("  tasks worked meanwhile", drained * kTasks, "");
  tell("  dead tuples of tasks",
       Sql(process, "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'tasks'")[0][0]
           .as<double>(),
       "");
  pin.abort();
}

int Main(int argc, char** argv) {
  int pin_seconds = 60, rounds = 3;
  bool as_json = false;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--pin-seconds") == 0) pin_seconds = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--rates") == 0) rounds = std::max(1, std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "-o") == 0) as_json = std::strcmp(argv[i + 1], "json") == 0;
  }
  StartLogging("bench", LogLevel::kError);
  if (argc == 6 && std::strcmp(argv[1], "--worker") == 0)
    Work(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::strcmp(argv[5], "1") == 0);
  char name[] = "/tmp/fleetcast-bench-XXXXXX";
  if (mkdtemp(name) == nullptr) return 1;
  std::filesystem::permissions(name, std::filesystem::perms(0711));
  const std::filesystem::path folder = name;
  auto cluster = cli::PrivateCluster::Start({.data_dir = folder / "data"});
  Require(cluster.status(), "Postgres");
  const auto dsn = (*cluster)->Dsn("bench");
  Require(dsn.status(), "the database");
  Process process(*dsn);
  Require(db::Migrate(process.pool, "trainer", db::trainerMigrations()), "migrations");

  nlohmann::ordered_json figures;
  const auto tell = [&](const std::string& key, double value, const char* unit) {
    figures[key] = value;
    if (!as_json) std::printf("%-66s %10.2f %s\n", key.c_str(), value, unit), std::fflush(stdout);
  };
  MeasureRates(process, **cluster, folder, rounds, tell);
  if (pin_seconds > 0) MeasureWaits(process, **cluster, pin_seconds, tell);
  if (as_json) std::printf("%s\n", figures.dump().c_str());
  Require((*cluster)->Stop(), "stopping Postgres");
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace fleetcast::workqueue

int main(int argc, char** argv) { return fleetcast::workqueue::Main(argc, argv); }
