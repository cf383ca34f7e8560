// Linked into every program of an AddressSanitizer and UBSan build: its options, and where UBSan's
// reports go.
#include <sanitizer/common_interface_defs.h>

extern "C" {

const char* __asan_default_options();
const char* __asan_default_options() {
  // faketime, of which some tests make use, is loaded before the sanitizer: it does no harm there.
  return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:"
         "exitcode=66:verify_asan_link_order=0";
}

const char* __lsan_default_options();
const char* __lsan_default_options() { return "print_suppressions=0"; }

// In libraries that are not built with the sanitizer. What is ours of libgit2 is held by handles
// that free it; it loses some of its own where writing a pack fails, and of libssh2's and OpenSSL's
// with each fetch over ssh. libpqxx loses the result that says that a connection broke.
const char* __lsan_default_suppressions();
const char* __lsan_default_suppressions() {
  return "leak:__argz_add_sep\n"  // glibc, of LOCPATH
         "leak:libpcre2\n"
         "leak:libssh2\n"
         "leak:libcrypto\n"
         "leak:PQmakeEmptyPGresult\n"
         "leak:libgit2\n";
}

const char* __ubsan_default_options();
const char* __ubsan_default_options() { return "print_stacktrace=1"; }

void __ubsan_get_current_report_data(const char** kind, const char** message, const char** file,
                                     unsigned* line, unsigned* column, char** address);

// Beside AddressSanitizer, UBSan's library sets that one's log_path in place of its own and writes
// to stderr, which is lost with a service that a test kills. What is called here writes to
// AddressSanitizer's.
void __ubsan_on_report();
void __ubsan_on_report() {
  const char *kind = nullptr, *message = nullptr, *file = nullptr;
  unsigned line = 0, column = 0;
  char* address = nullptr;
  __ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
  __sanitizer_report_error_summary(message);
  __sanitizer_print_stack_trace();
}

}  // extern "C"
