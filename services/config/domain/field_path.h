// Where in a file a value stands, as a path from its root: `plants[0].circuits[2].circuit_id`. Put
// into words only where there is something to say of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace fleetcast::config {

[[nodiscard]] inline std::string JoinPath(const std::string& section, std::string_view name) {
  return absl::StrCat(section, section.empty() ? "" : ".",
                      absl::string_view(name.data(), name.size()));
}

// Refers to its parent and its name, which must outlive it.
class FieldPath {
 public:
  FieldPath() = default;  // the root
  explicit FieldPath(std::string_view path) : name_(path) {}
  FieldPath(const FieldPath& parent, std::string_view name) : parent_(&parent), name_(name) {}
  FieldPath(const FieldPath& parent, std::size_t index)
      : parent_(&parent), index_(index), is_item_(true) {}

  [[nodiscard]] std::string Text() const {
    const std::string parent = parent_ == nullptr ? "" : parent_->Text();
    if (is_item_) return absl::StrCat(parent, "[", index_, "]");
    return JoinPath(parent, name_);
  }

 private:
  const FieldPath* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
  bool is_item_ = false;
};

}  // namespace fleetcast::config
