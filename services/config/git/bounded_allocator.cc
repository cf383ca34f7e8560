#include "services/config/git/bounded_allocator.h"

#include <git2.h>
#include <git2/sys/alloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fleetcast::config {
namespace {

thread_local std::size_t most = kMaxGitAllocation;

bool Fits(std::size_t count, std::size_t size) {
  if (size == 0 || count <= most / size) return true;
  git_error_set_str(GIT_ERROR_NOMEMORY, "an object of the repository is larger than may be read");
  return false;
}

void* Allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  return Fits(1, size) ? std::malloc(std::max<std::size_t>(size, 1)) : nullptr;
}

void* AllocateArray(std::size_t count, std::size_t size, const char* file, int line) {
  return Fits(count, size) ? Allocate(count * size, file, line) : nullptr;
}

void* AllocateZeroed(std::size_t count, std::size_t size, const char* /*file*/, int /*line*/) {
  return Fits(count, size)
             ? std::calloc(std::max<std::size_t>(count, 1), std::max<std::size_t>(size, 1))
             : nullptr;
}

void* Reallocate(void* old, std::size_t size, const char* /*file*/, int /*line*/) {
  return Fits(1, size) ? std::realloc(old, std::max<std::size_t>(size, 1)) : nullptr;
}

void* ReallocateArray(void* old, std::size_t count, std::size_t size, const char* file, int line) {
  return Fits(count, size) ? Reallocate(old, count * size, file, line) : nullptr;
}

char* CopyBytes(const char* text, std::size_t size, const char* file, int line) {
  if (!Fits(1, size + 1)) return nullptr;
  auto* const copy = static_cast<char*>(Allocate(size + 1, file, line));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text, size);
  copy[size] = '\0';
  return copy;
}

char* CopyText(const char* text, const char* file, int line) {
  return CopyBytes(text, std::strlen(text), file, line);
}

char* CopyTextUpTo(const char* text, std::size_t size, const char* file, int line) {
  return CopyBytes(text, strnlen(text, size), file, line);
}

void Free(void* memory) { std::free(memory); }

}  // namespace

GitAllocationBound::GitAllocationBound(std::size_t bytes) : before_(std::exchange(most, bytes)) {}
GitAllocationBound::~GitAllocationBound() { most = before_; }

void BoundGitAllocations() {
  // Once: what is set is the same, but a set of pointers is not written at once.
  [[maybe_unused]] static const int set = [] {
    git_allocator allocator{.gmalloc = Allocate,
                            .gcalloc = AllocateZeroed,
                            .gstrdup = CopyText,
                            .gstrndup = CopyTextUpTo,
                            .gsubstrdup = CopyBytes,
                            .grealloc = Reallocate,
                            .greallocarray = ReallocateArray,
                            .gmallocarray = AllocateArray,
                            .gfree = Free};
    return git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &allocator);
  }();
}

}  // namespace fleetcast::config
