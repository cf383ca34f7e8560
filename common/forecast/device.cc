#include "common/forecast/device.h"

#include <ATen/ops/ones.h>
#include <c10/core/Device.h>

#include <algorithm>
#include <exception>

#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kLongestReason = 200;

// LibTorch's messages go on for pages after their first sentence.
std::string FirstSentence(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, std::min({text.find('\n'), text.find(". "), kLongestReason}));
}

}  // namespace

absl::Status CheckDevice(const std::string& device) {
  try {
    (void)c10::Device(device);
  } catch (const std::exception&) {
    return InvalidField("device",
                        "is \"" + device.substr(0, kLongestReason) +
                            "\"; it must be \"cpu\", \"cuda\" or, for one of several GPUs, "
                            "\"cuda:\" and its number",
                        "DEVICE_UNKNOWN");
  }
  try {
    // A value that has been there and back.
    (void)at::ones({1}, c10::Device(device)).item<float>();
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DEVICE_UNAVAILABLE",
                   "LibTorch cannot compute on \"" + device + "\": " + FirstSentence(error) +
                       "; use \"cpu\", or a LibTorch built for that device on a machine that has "
                       "it and its driver",
                   {{"device", device}});
  }
}

}  // namespace fleetcast::forecast
