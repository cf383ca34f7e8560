// A few files as one: an uncompressed tar, as `tar xf` reads it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fleetcast {

struct TarFile {
  std::string name;
  std::string_view bytes;  // of FindInTar: part of the archive
};

// The same files give the same bytes: no time, no owner.
[[nodiscard]] std::string PackTar(const std::vector<TarFile>& files);

// The regular files of `archive`, in its order, without a copy of what is in them. INVALID_ARGUMENT
// if it is no tar, is cut off, or holds anything but whole regular files and zeros between them;
// the message says which.
[[nodiscard]] absl::StatusOr<std::vector<TarFile>> FindInTar(std::string_view archive);

}  // namespace fleetcast
