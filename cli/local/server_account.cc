#include "cli/local/server_account.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;

// Whether `account` may enter every folder from the root down to `path`; names the first it may
// not.
absl::Status CheckReachable(const ServerAccount& account, const fs::path& path) {
  fs::path folder;
  for (const fs::path& part : path) {
    folder /= part;
    struct stat info;
    if (stat(folder.c_str(), &info) != 0) return absl::OkStatus();  // ours to make
    const mode_t bit = info.st_uid == account.uid   ? S_IXUSR
                       : info.st_gid == account.gid ? S_IXGRP
                                                    : S_IXOTH;
    if ((info.st_mode & bit) == 0)
      return Refused(absl::StatusCode::kFailedPrecondition, "DATA_DIR_UNREACHABLE",
                     absl::StrCat("Postgres must run as an unprivileged user, who may not enter ",
                                  folder.string(), "; choose a data directory elsewhere, or run: ",
                                  "chmod o+x ", folder.string()),
                     {{"folder", folder.string()}});
  }
  return absl::OkStatus();
}

// The bit of a capability that lets an unprivileged process pass closed folders and that we have;
// -1 if there is none. Reading suffices; containers often leave only the stronger one.
int PassingCapability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) != 0) return -1;
  for (const int capability : {CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE})
    if ((data[0].permitted & (1U << capability)) != 0) return capability;
  return -1;
}

}  // namespace

absl::StatusOr<ServerAccount> AccountFor(const std::string& data_dir) {
  ServerAccount account{geteuid(), getegid()};
  if (account.uid != 0) return account;
  account.switch_user = true;
  struct stat info;
  if (stat(data_dir.c_str(), &info) == 0 && info.st_uid != 0) {
    account.uid = info.st_uid;
    account.gid = info.st_gid;
  } else {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    if (user == nullptr)
      return Refused(absl::StatusCode::kFailedPrecondition, "NO_UNPRIVILEGED_USER",
                     "Postgres refuses to run as root and there is no user postgres or nobody; "
                     "run as an ordinary user");
    account.uid = user->pw_uid;
    account.gid = user->pw_gid;
  }
  const absl::Status reachable = CheckReachable(account, fs::path(data_dir).parent_path());
  if (reachable.ok()) return account;
  if (PassingCapability() < 0) return reachable;
  account.pass_closed_folders = true;
  return account;
}

absl::StatusOr<std::string> PostgresPrograms() {
  std::string best;
  int best_version = -1;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    int version = 0;
    const fs::path bin = entry.path() / "bin";
    if (!absl::SimpleAtoi(entry.path().filename().string(), &version) || version <= best_version ||
        !fs::exists(bin / "postgres", ignored) || !fs::exists(bin / "initdb", ignored))
      continue;
    best = bin.string();
    best_version = version;
  }
  if (!best.empty()) return best;
  return Refused(absl::StatusCode::kFailedPrecondition, "POSTGRES_NOT_INSTALLED",
                 "no Postgres server under /usr/lib/postgresql; run: ./dev setup, or install the "
                 "package postgresql");
}

bool BecomeAccount(const ServerAccount& account) {
  if (!account.switch_user) return true;
  umask(077);
  const int capability = account.pass_closed_folders ? PassingCapability() : -1;
  if (account.pass_closed_folders && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return false;
  if (setgroups(0, nullptr) != 0 || setgid(account.gid) != 0 || setuid(account.uid) != 0)
    return false;
  if (!account.pass_closed_folders) return true;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = data[0].inheritable = 1U << capability;
  return syscall(SYS_capset, &header, data) == 0 &&
         prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0;
}

}  // namespace fleetcast::cli
