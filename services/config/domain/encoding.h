// What a configuration file's bytes must be before anything parses them: UTF-8 text.
#pragma once

#include <string>

#include "services/config/domain/diagnostic.h"

namespace fleetcast::config {

// Errors, with line and column, for the first byte that is no UTF-8 and the first control
// character; a warning for a byte-order mark.
[[nodiscard]] Diagnostics CheckEncoding(const std::string& text);

inline constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";

}  // namespace fleetcast::config
