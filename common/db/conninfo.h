// Connection strings: what libpq is told of a connection before there is a session.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::db {

struct ConnectBounds {
  absl::Duration connect_timeout;  // for each host; libpq counts whole seconds, at least two
  absl::Duration silence;          // of a TCP peer that acknowledges nothing
};

// `dsn` (key=value pairs or a URI) as key=value pairs, with the bounds put in place of its own, in
// UTF-8, and named `application_name` unless it names itself. INVALID_ARGUMENT if libpq cannot read
// it; the message shows nothing of it, for it may hold a password.
[[nodiscard]] absl::StatusOr<std::string> BoundedConninfo(const std::string& dsn,
                                                          const ConnectBounds& bounds,
                                                          const std::string& application_name);

}  // namespace fleetcast::db
