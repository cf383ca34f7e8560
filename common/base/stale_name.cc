#include "common/base/stale_name.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast {
namespace {

// As long as the config service leaves a remote alone after a fetch that failed.
constexpr absl::Duration kRetryAfter = absl::Seconds(10);

}  // namespace

absl::Status NotFetched(const std::string& reason, const std::string& message,
                        absl::Time fetch_time) {
  const std::string time = absl::FormatTime(absl::RFC3339_sec, fetch_time, absl::UTCTimeZone());
  return MakeError(absl::StatusCode::kUnavailable,
                   absl::StrCat("the config service last fetched from its remote at ", time,
                                ", and cannot now: ", message),
                   {.reason = reason,
                    .metadata = {{"fetch_time", time}, {"error", message}},
                    .retry_after = kRetryAfter});
}

absl::Status MayHaveMoved(const std::string& names, const absl::Status& not_fetched) {
  ErrorDetails details = DetailsOf(not_fetched).value_or(ErrorDetails{});
  details.metadata["revision"] = names;
  return MakeError(
      not_fetched.code(),
      absl::StrCat("nobody knows what ", names, " stands for now: ", not_fetched.message(),
                   "; nothing was changed. Try again, or name a commit by its full id"),
      std::move(details));
}

}  // namespace fleetcast
