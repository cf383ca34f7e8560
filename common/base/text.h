// Others' bytes as text: what a file, a database, a process or a caller said, before it goes into
// an error, a log line, a row or a page. Protobuf, Postgres and JSON all take what comes out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fleetcast {

// Bytes of the UTF-8 character (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
// that `text` begins with; 0 if it begins with none.
[[nodiscard]] std::size_t Utf8Length(std::string_view text);
[[nodiscard]] bool IsUtf8(std::string_view text);

// `text` as valid UTF-8 without NUL, of at most `max_bytes` bytes: cut between characters and ended
// by "…" if it is longer. What cannot be shown is named so that it can be found in the file it came
// from: a byte that is no UTF-8 or a control character as \xB0 and \x1B, what moves a terminal's
// cursor or turns the direction of writing (C1, U+2028, U+202E …) as \u202E. Line feeds and tabs
// stay. Printable text that fits is unchanged, so that applying it twice is applying it once.
[[nodiscard]] std::string PrintableUtf8(std::string_view text, std::size_t max_bytes);

// As PrintableUtf8 on one line: line feeds and tabs as \n and \t.
[[nodiscard]] std::string PrintableLine(std::string_view text, std::size_t max_bytes);

// A PrintableLine in double quotes; `max_bytes` is the bound without them.
[[nodiscard]] std::string QuotedUtf8(std::string_view text, std::size_t max_bytes);

}  // namespace fleetcast
