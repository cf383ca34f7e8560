// Identifiers: what an id in a resource name may look like, and where new ones come from.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace fleetcast {

// INVALID_ARGUMENT naming `field` unless `id` matches [A-Za-z0-9][A-Za-z0-9_-]{0,62}.
// To be called before an id touches a path, a git ref or SQL.
[[nodiscard]] absl::Status ValidateId(const std::string& field, const std::string& id);

// INVALID_ARGUMENT unless `request_id` is a UUID (any version, either case). An empty one is
// refused too: everything that mutates takes a request id.
[[nodiscard]] absl::Status ValidateRequestId(const std::string& request_id);

// INVALID_ARGUMENT naming `field` unless `date` is a real calendar date YYYY-MM-DD.
[[nodiscard]] absl::Status ValidateDate(const std::string& field, const std::string& date);

// A UUID made of `text` alone: a call that the same step repeats carries the same request id.
[[nodiscard]] std::string DerivedUuid(const std::string& text);

// Thread safe.
class IdSource {
 public:
  virtual ~IdSource() = default;
  // A new id of 26 lower-case characters (ULID): sorts by `created_at`, fits a resource name. What
  // is listed newest first takes its time from the database, or two replicas would disagree.
  [[nodiscard]] virtual std::string NewId(absl::Time created_at) = 0;
  [[nodiscard]] std::string NewId() { return NewId(absl::Now()); }
  // A random UUID (version 4), for request ids.
  [[nodiscard]] virtual std::string NewUuid() = 0;
};

class RandomIdSource final : public IdSource {
 public:
  using IdSource::NewId;
  [[nodiscard]] std::string NewId(absl::Time created_at) override;
  [[nodiscard]] std::string NewUuid() override;
};

}  // namespace fleetcast
