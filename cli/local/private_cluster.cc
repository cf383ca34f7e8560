#include "cli/local/private_cluster.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <pqxx/pqxx>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/local/server_account.h"
#include "common/base/file_lock.h"
#include "common/base/patience.h"
#include "common/base/process.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/db/postgres_error.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kSuperuser[] = "fleetcast";
constexpr int kSocketPort = 5432;  // only a part of the socket's name
constexpr absl::Duration kStartTimeout = absl::Seconds(60);
constexpr absl::Duration kStopTimeout = absl::Seconds(30);
constexpr absl::Duration kTurnTimeout = absl::Seconds(90);  // a stop and a start
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);

std::string CanonicalPath(const std::string& path) {
  std::error_code ignored;
  return fs::weakly_canonical(fs::absolute(path), ignored).string();
}

// Short, and made of the data folder's path, so that what a killed process leaves is found again.
std::string NameOf(const std::string& data_dir) {
  return "fleetcast-" + Sha256Hex(data_dir).substr(0, 12);
}

std::string SocketDirOf(const std::string& data_dir) { return "/tmp/" + NameOf(data_dir); }

// What postmaster.pid says of a running server.
struct Postmaster {
  pid_t pid = 0;
  int port = 0;
  std::string socket_dir;
};

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The server that runs in `data_dir`; nullopt if there is none. The command line tells it from a
// stranger who has got a dead server's pid.
std::optional<Postmaster> FindPostmaster(const std::string& data_dir) {
  const std::vector<std::string> lines =
      absl::StrSplit(ReadFile(data_dir + "/postmaster.pid"), '\n');
  Postmaster found;
  if (lines.size() < 5 || !absl::SimpleAtoi(lines[0], &found.pid) || found.pid <= 0 ||
      !absl::SimpleAtoi(lines[3], &found.port))
    return std::nullopt;
  found.socket_dir = lines[4];
  const std::vector<std::string> arguments = absl::StrSplit(CommandLineOf(found.pid), '\0');
  for (const std::string& argument : arguments)
    if (argument == data_dir) return found;
  return std::nullopt;
}

// Whether a process of a server on `data_dir` lives, the postmaster or one that it has left behind:
// the title of each names the cluster. A zombie has no title.
bool HasServerProcesses(const std::string& data_dir) {
  const std::string title = absl::StrCat("postgres: ", NameOf(data_dir), ": ");
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &pid) &&
        absl::StartsWith(CommandLineOf(pid), title))
      return true;
  }
  return FindPostmaster(data_dir).has_value();
}

absl::Status FileError(const std::string& what, const std::string& path) {
  return Refused(absl::StatusCode::kFailedPrecondition, "FILE_SYSTEM",
                 absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)),
                 {{"path", path}});
}

// A folder that only `account` and root can enter. One that somebody else has put there first is
// refused: who controls it could pose as the server.
absl::Status MakePrivateFolder(const std::string& path, const ServerAccount& account) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return FileError("make", path);
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return FileError("read", path);
  if (S_ISDIR(info.st_mode) && (info.st_uid == account.uid || info.st_uid == geteuid()) &&
      (info.st_mode & 0077) == 0)
    return chown(path.c_str(), account.uid, account.gid) == 0 ? absl::OkStatus()
                                                              : FileError("chown", path);
  return Refused(absl::StatusCode::kFailedPrecondition, "FOLDER_NOT_PRIVATE",
                 absl::StrCat(path,
                              " exists and is not a private folder of the server's user; "
                              "remove it"),
                 {{"path", path}});
}

absl::Status InitializeCluster(const std::string& programs, const ServerAccount& account,
                               const ClusterOptions& options, const std::string& log_file) {
  // Half a cluster is what a killed initdb leaves; PG_VERSION comes first, pg_hba.conf is ours.
  const std::string finished = options.data_dir + "/fleetcast-cluster";
  std::error_code error;
  if (fs::exists(finished, error)) return absl::OkStatus();
  if (fs::exists(options.data_dir, error) && !fs::is_empty(options.data_dir, error)) {
    if (!fs::exists(options.data_dir + "/PG_VERSION", error) ||
        fs::exists(options.data_dir + "/postmaster.pid", error))
      return Refused(absl::StatusCode::kFailedPrecondition, "DATA_DIR_NOT_EMPTY",
                     absl::StrCat(options.data_dir,
                                  " holds something else than a cluster made by "
                                  "Fleetcast; choose another folder"),
                     {{"path", options.data_dir}});
    for (const auto& entry : fs::directory_iterator(options.data_dir, error))
      fs::remove_all(entry.path(), error);
  }
  fs::create_directory(options.data_dir, error);
  if (chown(options.data_dir.c_str(), account.uid, account.gid) != 0 ||
      chmod(options.data_dir.c_str(), 0700) != 0)
    return FileError("make", options.data_dir);
  ProcessCommand command;
  command.arguments = {programs + "/initdb", "-D",           options.data_dir,  "-U",
                       kSuperuser,           "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                       "--no-instructions"};
  if (!options.durable) command.arguments.push_back("--no-sync");
  command.log_file = log_file;
  FLEETCAST_RETURN_IF_ERROR(RunToEnd(command, [&] { return BecomeAccount(account); }));
  // The socket's folder is the key: who can enter it may be anyone. TCP wants a password, and no
  // role has one until somebody sets it.
  std::ofstream(options.data_dir + "/pg_hba.conf")
      << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  std::ofstream mark(finished);
  mark << "made by fleetcast\n";
  mark.close();
  return mark ? absl::OkStatus() : FileError("write", finished);
}

}  // namespace

struct PrivateCluster::State {
  ClusterOptions options;
  ServerAccount account;
  std::string programs;
  std::string socket_dir;
  std::string log_file;
  pid_t pid = 0;
  int port = kSocketPort;

  [[nodiscard]] std::string DsnOf(const std::string& database) const {
    return absl::StrCat("host=", socket_dir, " port=", port, " user=", kSuperuser,
                        " dbname=", database);
  }

  absl::Status Launch() {
    FLEETCAST_RETURN_IF_ERROR(MakePrivateFolder(socket_dir, account));
    ProcessCommand command;
    port = options.port == 0 ? kSocketPort : options.port;
    const auto set = [&](const std::string& setting) {
      command.arguments.insert(command.arguments.end(), {"-c", setting});
    };
    command.arguments = {programs + "/postgres", "-D", options.data_dir, "-k", socket_dir, "-p",
                         absl::StrCat(port)};
    set(options.port == 0 ? "listen_addresses=" : "listen_addresses=127.0.0.1");
    set("cluster_name=" + NameOf(options.data_dir));  // in the titles of all its processes
    set("max_connections=300");
    set("timezone=UTC");
    set("log_timezone=UTC");
    set("jit=off");  // the statements are short; compiling them takes longer
    set("dynamic_shared_memory_type=mmap");  // files in the data folder: a kill leaves none in
                                             // /dev/shm
    // Postgres' own are for the machines of long ago: a fleet's versions do not fit into 128 MB,
    // and a checkpoint every few seconds writes whole pages again and again.
    set("shared_buffers=256MB");
    set("max_wal_size=4GB");
    set("wal_compression=lz4");
    if (!options.durable)
      for (const char* setting : {"fsync=off", "full_page_writes=off"}) set(setting);
    command.working_dir = options.data_dir;
    command.log_file = log_file;
    command.death_signal = options.dies_with_starter ? SIGINT : 0;
    FLEETCAST_ASSIGN_OR_RETURN(pid, Spawn(command, [&] { return BecomeAccount(account); }));
    return AwaitAnswer();
  }

  // Until the server answers, or UNAVAILABLE once it is gone or takes too long.
  absl::Status AwaitAnswer() {
    const Patience wait(kStartTimeout);
    std::string last;
    while (!wait.IsOver()) {
      try {
        pqxx::connection probe(DsnOf("postgres") + " connect_timeout=5");
        return absl::OkStatus();
      } catch (const std::exception& exception) {
        last = exception.what();
      }
      if (HasEnded(pid))
        return Refused(
            absl::StatusCode::kUnavailable, "POSTGRES_DID_NOT_START",
            absl::StrCat("Postgres in ", options.data_dir, " ended while starting; the end of ",
                         log_file, ":\n", EndOfFile(log_file)),
            {{"log", log_file}});
      absl::SleepFor(kPollInterval);
    }
    return Refused(absl::StatusCode::kUnavailable, "POSTGRES_DID_NOT_START",
                   absl::StrCat("Postgres in ", options.data_dir, " did not answer in ",
                                absl::FormatDuration(kStartTimeout), ": ", last),
                   {{"log", log_file}});
  }

  // Takes over a server that runs already; one that is shutting down is waited for. False if
  // there is none.
  absl::StatusOr<bool> Adopt() {
    const Patience wait(kStopTimeout);
    while (const auto running = FindPostmaster(options.data_dir)) {
      pid = running->pid;
      port = running->port;
      socket_dir = running->socket_dir;
      try {
        pqxx::connection probe(DsnOf("postgres") + " connect_timeout=5");
        return true;
      } catch (const std::exception& exception) {
        if (wait.IsOver()) return db::StatusFromException(exception);
      }
      absl::SleepFor(kPollInterval);
    }
    return false;
  }

  // A server that was killed leaves processes that are about to end, and lock files that Postgres
  // respects as long as anything has its pid, be it a zombie that nobody reaps.
  absl::Status ClearRemains() {
    for (const Patience wait(kStopTimeout); HasServerProcesses(options.data_dir);) {
      if (wait.IsOver())
        return Refused(absl::StatusCode::kUnavailable, "POSTGRES_DID_NOT_STOP",
                       absl::StrCat("processes of an earlier Postgres in ", options.data_dir,
                                    " do not end; `ps` shows them as ", NameOf(options.data_dir)),
                       {{"path", options.data_dir}});
      absl::SleepFor(kPollInterval);
    }
    std::error_code ignored;
    fs::remove(options.data_dir + "/postmaster.pid", ignored);
    fs::remove_all(SocketDirOf(options.data_dir), ignored);
    return absl::OkStatus();
  }

  // Adopts the server that runs, or makes and starts one. Processes that do this at once take
  // turns, so that they end up with one server instead of a quarrel over its lock file.
  absl::Status AdoptOrStart() {
    FLEETCAST_ASSIGN_OR_RETURN(const FileLock turn, FileLock::Open(options.data_dir + ".starting"));
    for (const Patience wait(kTurnTimeout); !turn.TryLock();) {
      if (wait.IsOver())
        return Refused(absl::StatusCode::kUnavailable, "POSTGRES_DID_NOT_START",
                       absl::StrCat("another process has been starting Postgres in ",
                                    options.data_dir, " for ", absl::FormatDuration(kTurnTimeout),
                                    "; end it or choose another folder"),
                       {{"path", options.data_dir}});
      absl::SleepFor(kPollInterval);
    }
    FLEETCAST_RETURN_IF_ERROR(InitializeCluster(programs, account, options, log_file));
    FLEETCAST_ASSIGN_OR_RETURN(const bool adopted, Adopt());
    if (adopted) return absl::OkStatus();
    FLEETCAST_RETURN_IF_ERROR(ClearRemains());
    socket_dir = SocketDirOf(options.data_dir);
    return Launch();
  }

  absl::Status Terminate() {
    // Fast shutdown; if that hangs immediate shutdown, which recovery makes good; then by force.
    for (const int signal : {SIGINT, SIGQUIT, SIGKILL}) {
      if (HasEnded(pid)) return absl::OkStatus();
      kill(pid, signal);
      for (const Patience wait(kStopTimeout); !wait.IsOver();) {
        if (HasEnded(pid)) return absl::OkStatus();
        absl::SleepFor(kPollInterval);
      }
    }
    return Refused(absl::StatusCode::kInternal, "POSTGRES_DID_NOT_STOP",
                   absl::StrCat("Postgres (process ", pid, ") in ", options.data_dir,
                                " did not end even when killed"),
                   {{"pid", absl::StrCat(pid)}});
  }
};

absl::StatusOr<std::unique_ptr<PrivateCluster>> PrivateCluster::Start(
    const ClusterOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  std::error_code error;
  state->options.data_dir = CanonicalPath(options.data_dir);
  const std::string& data_dir = state->options.data_dir;
  fs::create_directories(fs::path(data_dir).parent_path(), error);
  FLEETCAST_ASSIGN_OR_RETURN(state->account, AccountFor(data_dir));
  FLEETCAST_ASSIGN_OR_RETURN(state->programs, PostgresPrograms());
  state->log_file = options.log_file.empty() ? data_dir + ".log" : options.log_file;
  FLEETCAST_RETURN_IF_ERROR(state->AdoptOrStart());
  return std::unique_ptr<PrivateCluster>(new PrivateCluster(std::move(state)));
}

PrivateCluster::PrivateCluster(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrivateCluster::~PrivateCluster() = default;

absl::StatusOr<std::string> PrivateCluster::Dsn(const std::string& database) {
  try {
    pqxx::connection connection(state_->DsnOf("postgres"));
    pqxx::nontransaction session(connection);
    if (session.exec_params("SELECT 1 FROM pg_database WHERE datname = $1", database).empty())
      session.exec("CREATE DATABASE " + session.quote_name(database));
  } catch (const std::exception& exception) {
    return db::StatusFromException(exception);
  }
  return state_->DsnOf(database);
}

int PrivateCluster::postmaster_pid() const { return state_->pid; }

absl::Status PrivateCluster::Restart() {
  FLEETCAST_RETURN_IF_ERROR(state_->Terminate());
  return state_->AdoptOrStart();
}

bool PrivateCluster::Running() const { return !HasEnded(state_->pid); }

absl::Status PrivateCluster::StopIfRunning(const std::string& data_dir) {
  State state;
  state.options.data_dir = CanonicalPath(data_dir);
  const auto running = FindPostmaster(state.options.data_dir);
  if (running) {
    state.pid = running->pid;
    FLEETCAST_RETURN_IF_ERROR(state.Terminate());
  }
  std::error_code ignored;
  fs::remove_all(SocketDirOf(state.options.data_dir), ignored);
  return absl::OkStatus();
}

absl::Status PrivateCluster::Stop() {
  FLEETCAST_RETURN_IF_ERROR(state_->Terminate());
  std::error_code ignored;
  fs::remove_all(state_->socket_dir, ignored);
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
