#include "services/inference/domain/backfill.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/inference/domain/backfill_json.h"

namespace fleetcast::inference {
namespace {

std::string WindowText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

}  // namespace

std::int64_t WindowsOf(const BackfillRange& range) {
  if (range.every_seconds <= 0 || range.end < range.start) return 0;
  return (range.end - range.start) / absl::Seconds(range.every_seconds) + 1;
}

absl::Time WindowAt(const BackfillRange& range, std::int64_t index) {
  return range.start + index * absl::Seconds(range.every_seconds);
}

absl::Status ValidateBackfill(const BackfillRange& range, absl::Time now, absl::Duration keep) {
  std::vector<FieldViolation> violations;
  if (range.every_seconds < absl::ToInt64Seconds(kLeastEvery))
    violations.push_back({"backfill.every", "must be a minute at least"});
  if (range.end < range.start)
    violations.push_back({"backfill.end_time", "must not be before backfill.start_time"});
  if (range.end > now)
    violations.push_back({"backfill.end_time",
                          absl::StrCat("is after now, ", WindowText(now),
                                       ": what will be known then is not known yet; use a schedule "
                                       "for times to come")});
  if (now - range.start > keep)
    violations.push_back({"backfill.start_time",
                          absl::StrCat("forecasts issued before ", WindowText(now - keep),
                                       " are deleted (setting keep_forecasts); begin after it")});
  if (violations.empty() && WindowsOf(range) > kMaxWindows)
    violations.push_back(
        {"backfill.every",
         absl::StrCat("makes ", WindowsOf(range), " windows a circuit, and ", kMaxWindows,
                      " are the most; make the range shorter or the "
                      "steps wider, or split it")});
  if (violations.empty()) return absl::OkStatus();
  return InvalidFields(std::move(violations));
}

absl::Status CheckBackfillSize(const BackfillRange& range, std::int64_t circuits) {
  const std::int64_t windows = WindowsOf(range) * circuits;
  if (windows <= kMaxWindowsOfSweep) return absl::OkStatus();
  return InvalidField("backfill",
                      absl::StrCat(circuits, " circuits of ", WindowsOf(range), " windows are ",
                                   windows, " forecasts, and ", kMaxWindowsOfSweep,
                                   " are the most of one sweep; name fewer plants or circuits, or "
                                   "split the range"),
                      "BACKFILL_TOO_LARGE");
}

std::vector<MiniBatch> NextMiniBatches(const BackfillPin& pin, const BackfillProgress& progress,
                                       int threads) {
  std::vector<MiniBatch> batches;
  const std::int64_t size = std::max<std::int64_t>(1, pin.mini_batch_size);
  const int most = std::max(1, std::min(pin.concurrency, threads));
  for (std::int64_t first = progress.done;
       first < progress.windows && static_cast<int>(batches.size()) < most; first += size)
    batches.push_back({first, std::min(size, progress.windows - first)});
  return batches;
}

std::optional<workqueue::Failure> FailureOfBackfill(const BackfillPin& pin,
                                                    const BackfillProgress& progress) {
  const bool too_many = pin.error_threshold >= 0 && progress.failed > pin.error_threshold;
  const bool nothing = progress.done == progress.windows && progress.failed == progress.windows;
  if (!too_many && !nothing) return std::nullopt;
  return workqueue::Failure{
      .kind = workqueue::FailureKind::kData,
      .reason = too_many ? "BACKFILL_ERROR_THRESHOLD" : "BACKFILL_MADE_NOTHING",
      .message = absl::StrCat(ProgressText(progress),
                              too_many ? absl::StrCat("; the deployment's error_threshold lets ",
                                                      pin.error_threshold, " fail")
                                       : "",
                              ": mend what the first failure names and make the backfill again")};
}

std::string ProgressText(const BackfillProgress& progress) {
  std::string text =
      absl::StrCat(progress.done - progress.failed, " of ", progress.windows, " windows made");
  if (progress.repeated > 0)
    absl::StrAppend(&text, " (in ", progress.repeated, " of them nothing new was read)");
  if (progress.failed > 0)
    absl::StrAppend(&text, ", ", progress.failed, " failed (first ", progress.first_failure, ")");
  return text;
}

std::string ComputePool(const std::string& compute_instance_type) {
  return absl::StrCat("compute-", compute_instance_type);
}

std::string PoolOfBackfill(const std::string& compute_instance_type,
                           const std::set<std::string>& served_pools) {
  const std::string pool = ComputePool(compute_instance_type);
  return served_pools.contains(pool) ? pool : kBackfillPool;
}

std::string ToJson(const BackfillProgress& progress) { return nlohmann::json(progress).dump(); }

std::optional<BackfillProgress> BackfillProgressOf(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("windows")) return std::nullopt;
  const auto progress = FromJson<BackfillProgress>(text, "a backfill's progress");
  if (!progress.ok()) return std::nullopt;
  return *progress;
}

}  // namespace fleetcast::inference
