// What every store takes: the request that changes something, and the page of a list.
#pragma once

#include <optional>

#include "common/base/filter.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"

namespace fleetcast::registry {

// One page of what matches; `filter` has passed CheckFilter.
struct ListQuery {
  PageRequest page;
  std::optional<Filter> filter;
};

}  // namespace fleetcast::registry
