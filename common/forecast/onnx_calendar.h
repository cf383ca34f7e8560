// A calendar's profile as part of a model's ONNX graph.
#pragma once

#include "common/forecast/calendar_profile.h"
#include "common/forecast/inputs.h"
#include "common/forecast/onnx_builder.h"

namespace fleetcast::forecast {

// float64 [batch, rows of the window and of the horizon]: what the calendar leads one to expect.
inline constexpr char kOnnxExpected[] = "expected";

// Puts nodes into `graph`, which has the input kOnnxTime, that compute kOnnxExpected.
void PutExpected(const CalendarProfile& profile, const InputLayout& layout, OnnxBuilder& graph);

}  // namespace fleetcast::forecast
