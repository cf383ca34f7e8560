// Arrays as parameters of SQL.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"

namespace fleetcast::db {

// Postgres' own spelling of an array of what absl::StrCat takes, every element quoted: without
// quotes the text "null" is read as NULL.
template <typename Values>
[[nodiscard]] std::string ArrayOf(const Values& values) {
  std::string array = "{";
  for (const auto& value : values) {
    array += array.size() > 1 ? ",\"" : "\"";
    for (const char c : absl::StrCat(value)) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

}  // namespace fleetcast::db
