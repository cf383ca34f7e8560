#include "cli/error_report.h"

#include <gtest/gtest.h>

#include "cli/transport/transport.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

TEST(ErrorReport, NamesReasonAndFields) {
  const auto status = InvalidFields({{"training_run_spec.circuits[0]", "is not a circuit"},
                                     {"request_id", "is missing: give a UUID"}});
  const std::string report = ErrorReport(status, false);
  EXPECT_EQ(report.rfind("error: ", 0), 0U) << report;
  EXPECT_NE(report.find("reason: INVALID_FIELD"), std::string::npos) << report;
  EXPECT_NE(report.find("is missing: give a UUID"), std::string::npos) << report;
}

TEST(ErrorReport, OfAnUnreachableServiceSaysHowToStartOrFindIt) {
  const auto status = Refused(absl::StatusCode::kUnavailable, kServiceUnreachable,
                              "cannot reach the trainer service at 127.0.0.1:7002",
                              {{"service", "trainer"}, {"address", "127.0.0.1:7002"}});
  const std::string report = ErrorReport(status, false);
  EXPECT_NE(report.find("fleetcast local up"), std::string::npos) << report;
  EXPECT_NE(report.find("--trainer-target HOST:PORT"), std::string::npos) << report;
  EXPECT_NE(report.find("FLEETCAST_TRAINER_TARGET"), std::string::npos) << report;
}

TEST(ErrorReport, OfADefectSaysWhatToLookForInTheLogs) {
  EXPECT_NE(ErrorReport(absl::InternalError("bug"), false, "01j").find("\"request_id\":\"01j\""),
            std::string::npos);
  EXPECT_EQ(ErrorReport(absl::NotFoundError("no"), false, "01j").find("01j"), std::string::npos);
}

TEST(ErrorReport, AdviceToRepeatNamesTheRequestId) {
  EXPECT_NE(RepeatAdvice("6a1d2c34", false).find("--request-id 6a1d2c34 "), std::string::npos);
}

TEST(ErrorReport, KeepsTheTerminalSafe) {
  EXPECT_EQ(ErrorReport(absl::InternalError("a\x1b[2Jb"), false).find('\x1b'), std::string::npos);
}

TEST(InCommands, SaysWhatToTypeForWhatToCall) {
  EXPECT_EQ(InCommands("list the releases with ListReleases; not ListReleasesOf"),
            "list the releases with `fleetcast release list`; not ListReleasesOf");
  EXPECT_EQ(InCommands("ListPools"), "`fleetcast pool list`");
  EXPECT_EQ(InCommands("Größe: v1.S/ListPools."), "Größe: v1.S/ListPools.");
  EXPECT_EQ(InCommands(""), "");
}

TEST(ExitCodeOf, TellsTheShellWhatKindOfFailureItWas) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kDone);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::CancelledError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::CancelledError(""), /*interrupted=*/true), ExitCode::kInterrupted);
  // What says when to try again is worth another try, whatever it is.
  for (const auto code : {absl::StatusCode::kNotFound, absl::StatusCode::kAborted})
    EXPECT_EQ(ExitCodeOf(MakeError(code, "", {.retry_after = absl::Seconds(3)})),
              ExitCode::kUnreachable);
}

}  // namespace
}  // namespace fleetcast::cli
