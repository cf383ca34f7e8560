// Resource names (AIP-122): "plants/{plant}/circuits/{circuit}" to ids and back.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fleetcast {

// One resource's name pattern. Immutable; thread safe.
class ResourceNamePattern {
 public:
  // `pattern` alternates collections and ids; an id is a {variable}, or several with literals
  // around them: "batchEndpoints/batch-endpoint-plant-{plant}",
  // "sweeps/{sweep}/invocations/{plant}.{circuit}". The character after a variable must be one that
  // no id holds, such as a dot.
  explicit ResourceNamePattern(const std::string& pattern);

  // The ids in `name`, in the pattern's order, each checked by ValidateId.
  // INVALID_ARGUMENT naming `field`, the pattern and the offending part.
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> Parse(const std::string& field,
                                                               const std::string& name) const;

  // As Parse, but an id may be "-" as a whole, which stands for all of that collection.
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> ParseWithWildcards(
      const std::string& field, const std::string& name) const;

  // The name of these ids. Their number must equal the pattern's variables.
  [[nodiscard]] std::string Format(std::initializer_list<std::string> ids) const;

 private:
  std::string pattern_;
  std::vector<std::string> segments_;
};

}  // namespace fleetcast
