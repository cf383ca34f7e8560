#include "common/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast {

absl::StatusOr<FileLock> FileLock::Open(const std::string& path) {
  FileLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.descriptor_ >= 0) return lock;
  return Refused(absl::StatusCode::kFailedPrecondition, "FILE_SYSTEM",
                 absl::StrCat("cannot open ", path, ": ", std::strerror(errno)), {{"path", path}});
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

bool FileLock::TryLock() const { return flock(descriptor_, LOCK_EX | LOCK_NB) == 0; }

}  // namespace fleetcast
