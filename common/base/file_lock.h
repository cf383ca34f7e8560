// A lock between processes: on an open file, so that the kernel frees it however its holder ends.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace fleetcast {

// Not thread safe. Two objects exclude each other even in one process.
class FileLock {
 public:
  // Makes the file if need be; does not take the lock. FAILED_PRECONDITION if it cannot be opened.
  [[nodiscard]] static absl::StatusOr<FileLock> Open(const std::string& path);
  ~FileLock();  // frees it
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;

  // False if another holds it; true also when it is ours already.
  [[nodiscard]] bool TryLock() const;
  // For a child that is to hold the lock as well: it is free when both have let go.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace fleetcast
