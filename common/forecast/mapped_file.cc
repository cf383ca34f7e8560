#include "common/forecast/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

absl::Status Unreadable(const std::string& path, int error) {
  return Refused(error == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kInternal,
                 "MODEL_FILE_UNREADABLE",
                 "cannot read the model file " + path + ": " + std::strerror(error) +
                     "; check its path and rights",
                 {{"path", path}});
}

}  // namespace

MappedFile::~MappedFile() {
  if (size_ > 0) munmap(const_cast<void*>(bytes_), size_);
}

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Unreadable(path, errno);
  struct stat about {};
  const bool known = fstat(file, &about) == 0;
  const auto size = known ? static_cast<std::size_t>(about.st_size) : 0;
  // Nothing of size 0 can be mapped.
  void* bytes = size > 0 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
  const int error = errno;
  close(file);
  if (!known || bytes == MAP_FAILED) return Unreadable(path, error);
  return std::make_shared<const MappedFile>(bytes, size);
}

}  // namespace fleetcast::forecast
