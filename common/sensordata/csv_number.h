// Numbers and missing cells as sensor files write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::sensordata {

// Empty, or NaN, NA, N/A, null, none or "-" in either case, or one of `words` to the letter.
[[nodiscard]] bool SaysMissing(std::string_view text, const std::vector<std::string>& words);

// The number that `text` is, with `decimal` ('.' or ',') as its decimal sign; false if it is none.
// More range than a double has gives an infinity or 0.
[[nodiscard]] bool ParseNumber(std::string_view text, char decimal, double& value);

// Whether `text` is a number with one decimal sign `sign`, digits on both its sides.
[[nodiscard]] bool IsDecimal(std::string_view text, char sign);
// Whether such a sign could just as well group thousands, as in 1,234.
[[nodiscard]] bool MayGroupThousands(std::string_view text, char sign);

}  // namespace fleetcast::sensordata
