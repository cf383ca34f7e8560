// Windows-1252, which holds Latin-1: what machines that do not write UTF-8 mostly write.
#pragma once

#include <string>
#include <string_view>

namespace fleetcast::sensordata {

// As UTF-8. The five bytes that Windows-1252 does not have become U+FFFD.
[[nodiscard]] std::string Utf8OfWindows1252(std::string_view text);

}  // namespace fleetcast::sensordata
