// Linked into every program of an AddressSanitizer and UBSan build: its options.
extern "C" {

const char* __asan_default_options();
const char* __asan_default_options() {
  // faketime, of which some tests make use, is loaded before the sanitizer: it does no harm there.
  return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:"
         "exitcode=66:verify_asan_link_order=0";
}

const char* __ubsan_default_options();
const char* __ubsan_default_options() { return "print_stacktrace=1"; }

}  // extern "C"
