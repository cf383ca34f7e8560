// Which repository the service reads, as its settings say.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/settings/settings.h"
#include "services/config/git/followed_repository.h"

namespace fleetcast::config {

struct GitSettings {
  GitOptions local;      // path empty: the remote is followed
  FollowOptions remote;  // url empty: the local repository is read
  // What is read, for the log: a folder or an URL.
  [[nodiscard]] const std::string& Where() const;
};

// `program` is this one, which a fetch starts again.
[[nodiscard]] GitSettings ReadGitSettings(SettingsReader& settings, const std::string& program);

// FAILED_PRECONDITION (REPOSITORY_SETTINGS and those of the two repositories). `clock` must outlive
// what is opened.
[[nodiscard]] absl::StatusOr<std::unique_ptr<ConfigRepository>> OpenRepository(
    const GitSettings& settings, const Clock& clock);

}  // namespace fleetcast::config
