// The setting that every service has: how much it logs.
#pragma once

#include "common/base/log.h"
#include "common/settings/settings.h"

namespace fleetcast {

// `log_level`: debug, info, warning or error.
[[nodiscard]] LogLevel ReadLogLevel(SettingsReader& reader);

}  // namespace fleetcast
