// Counts what this binary's threads allocate.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "common/forecast/network.h"

namespace {

thread_local std::size_t allocations = 0;

void* Counted(void* memory) {
  ++allocations;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// These are the pair of what is new here; gcc tells them apart from it where it inlines the one
// alone.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) { return Counted(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return Counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace fleetcast::forecast {
namespace {

Batch BatchOf(std::size_t size) {
  return {.size = size,
          .sequence = std::vector<float>(4 * size * 3, 0.5F),
          .extras = std::vector<float>(size * 2, 0.1F),
          .targets = std::vector<float>(size * 5, 1)};
}

TEST(NetworkTrainer, AllocatesNothingAfterTheFirstStep) {
  Network network({.steps = 4, .channels = 3, .extras = 2, .horizon = 5, .units = 20}, 1);
  NetworkTrainer trainer(network, {.dropout = 0.2, .learning_rate = 0.01, .seed = 1});
  const Batch batch = BatchOf(32), smaller = BatchOf(7);
  const std::size_t before = allocations;
  trainer.Step(batch);
  const std::size_t after_first = allocations;
  EXPECT_GT(after_first, before);
  trainer.Step(batch);
  trainer.Step(smaller);
  trainer.Step(batch);
  EXPECT_EQ(allocations, after_first);
}

}  // namespace
}  // namespace fleetcast::forecast
