#include "runtime/device/cpu/cpu_device.h"

#include <numeric>
#include <set>
#include <thread>
#include <type_traits>

#include "runtime/artifact/kernel_abi.h"
#include "runtime/base/cpu_count.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

static_assert(std::is_same_v<CpuKernel, KernelFn>, "device and artifact agree on what a kernel is");

std::unique_ptr<CpuDevice> MakeDevice(int threads) {
  absl::StatusOr<std::unique_ptr<CpuDevice>> device = CpuDevice::Create({.threads = threads});
  EXPECT_TRUE(device.ok()) << device.status().ToString();
  return *std::move(device);
}

TEST(CpuDeviceTest, OptionsAreChecked) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto device, CpuDevice::Create({.threads = 3}));
  EXPECT_EQ(device->num_threads(), 3);
  EXPECT_EQ(device->target(), "cpu");
  EXPECT_THAT(device->Describe(), AllOf(HasSubstr("cpu: x86-64-v"), HasSubstr(", 3 threads")));
  LATHE_ASSERT_OK_AND_ASSIGN(device, CpuDevice::Create({}));
  EXPECT_GE(device->num_threads(), 1);
  for (int threads : {-1, 1025}) {
    EXPECT_THAT(CpuDevice::Create({.threads = threads}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 1 to 1024")));
  }
  EXPECT_THAT(CpuDevice::Create({.cpu_level = "sse2"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"sse2\"")));
}

TEST(CpuDeviceTest, ThreadsMayBeBoundToCpus) {
  // In a thread of its own, since the one that creates the device stays bound.
  std::thread([] {
    const std::vector<int> allowed = AllowedCpus();
    const int count = static_cast<int>(allowed.size());
    LATHE_EXPECT_OK(CpuDevice::Create({.threads = 1, .pin_threads = true}).status());
    EXPECT_THAT(AllowedCpus(), ::testing::ElementsAre(allowed.front()));
    EXPECT_THAT(CpuDevice::Create({.threads = count + 1, .pin_threads = true}),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot be bound to")));
  }).join();
}

TEST(CpuDeviceTest, FeatureLevelsUpToItsOwn) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto device, CpuDevice::Create({.cpu_level = "x86-64-v3"}));
  EXPECT_EQ(device->level(), FeatureLevel::kV3);
  LATHE_EXPECT_OK(device->CheckFeatureLevel("x86-64-v3"));
  EXPECT_THAT(device->CheckFeatureLevel("x86-64-v4"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("code for x86-64-v4 does not run on a CPU of x86-64-v3")));
  EXPECT_THAT(device->CheckFeatureLevel("x86-64-v9"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("does not know")));
}

TEST(CpuDeviceTest, LoadCodeNamesWhatIsWrong) {
  auto device = MakeDevice(1);
  EXPECT_THAT(device->LoadCode("junk", "code.cpu.x", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("code.cpu.x: ELF: ")));
  const std::vector<KernelRequest> missing = {{"add_one", 0}, {"no_such", 0}};
  EXPECT_THAT(device->LoadCode(testing::TestKernels(), "code.cpu.x", missing),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("code.cpu.x"), HasSubstr("\"no_such\""))));
  const std::vector<KernelRequest> greedy = {{"add_one", uint64_t{1} << 60}};
  EXPECT_THAT(device->LoadCode(testing::TestKernels(), "code.cpu.x", greedy),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("scratch")));
}

TEST(CpuDeviceTest, MemoryGoesThereAndBack) {
  auto device = MakeDevice(1);
  LATHE_ASSERT_OK_AND_ASSIGN(auto memory, device->Allocate(100, "a test"));
  EXPECT_GE(memory->size(), 100u);
  const char text[] = "there";
  char back[sizeof(text)] = {};
  LATHE_ASSERT_OK(device->Upload(text, memory->data() + 7, sizeof(text)));
  LATHE_ASSERT_OK(device->Read(memory->data() + 7, back, sizeof(text)));
  EXPECT_STREQ(back, "there");
}

TEST(CpuDeviceTest, ImportUsesTheBytesInPlace) {
  auto device = MakeDevice(1);
  alignas(64) char bytes[128] = {};
  LATHE_ASSERT_OK_AND_ASSIGN(auto memory, device->Import({bytes, 128}, "weights"));
  EXPECT_EQ(memory->data(), bytes);
  EXPECT_EQ(memory->size(), 128u);
  EXPECT_THAT(device->Import({bytes + 1, 64}, "weights"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weights must start")));
}

// A chain in which each command reads what other workers wrote in the one before.
TEST(CpuDeviceTest, WaitingLaunchesSeeAllThatCameBefore) {
  constexpr int64_t kItems = 1000;
  for (int threads = 1; threads <= 5; ++threads) {
    auto device = MakeDevice(threads);
    const std::vector<KernelRequest> kernels = {{"add_one", 0}, {"reverse", 0}};
    LATHE_ASSERT_OK_AND_ASSIGN(auto code,
                               device->LoadCode(testing::TestKernels(), "code", kernels));
    std::vector<float> a(kItems);
    std::vector<float> b(kItems);
    std::iota(a.begin(), a.end(), 0.0f);
    void* forth[] = {a.data(), b.data()};
    void* back[] = {b.data(), a.data()};
    const int64_t dims[] = {kItems};
    std::vector<Launch> launches;
    for (int i = 0; i < 50; ++i) {
      launches.push_back({.kernel = 0, .operands = forth, .dims = dims, .items = kItems});
      launches.push_back({.kernel = 1, .operands = back, .dims = dims, .items = kItems});
    }
    LATHE_ASSERT_OK(device->Run(*code, launches, nullptr));
    for (int64_t i = 0; i < kItems; ++i) {
      ASSERT_EQ(a[static_cast<size_t>(i)], static_cast<float>(i + 50)) << threads;
    }
  }
}

TEST(CpuDeviceTest, IndependentLaunchesNeedNoBarrier) {
  auto device = MakeDevice(3);
  const std::vector<KernelRequest> kernels = {{"add_one", 0}};
  LATHE_ASSERT_OK_AND_ASSIGN(auto code, device->LoadCode(testing::TestKernels(), "code", kernels));
  std::vector<float> x(100, 1.0f);
  std::vector<std::vector<float>> results(8, std::vector<float>(100));
  std::vector<std::vector<void*>> operands;
  for (auto& result : results) operands.push_back({x.data(), result.data()});
  std::vector<Launch> launches;
  for (auto& list : operands) {
    launches.push_back({.operands = list.data(), .items = 100, .waits = false});
  }
  LATHE_ASSERT_OK(device->Run(*code, launches, nullptr));
  for (const auto& result : results) EXPECT_EQ(result, std::vector<float>(100, 2.0f));
}

TEST(CpuDeviceTest, EachWorkerHasItsOwnScratch) {
  constexpr int kThreads = 4;
  auto device = MakeDevice(kThreads);
  const std::vector<KernelRequest> kernels = {{"where_is_scratch", 100}};
  LATHE_ASSERT_OK_AND_ASSIGN(auto code, device->LoadCode(testing::TestKernels(), "code", kernels));
  uint64_t where[kThreads] = {};
  void* operands[] = {where};
  const Launch launch = {.operands = operands, .items = kThreads};
  LATHE_ASSERT_OK(device->Run(*code, {&launch, 1}, nullptr));
  std::set<uint64_t> places(where, where + kThreads);
  EXPECT_EQ(places.size(), size_t{kThreads});
  for (uint64_t place : places) EXPECT_EQ(place % 64, 0u);
  EXPECT_EQ(*places.rbegin() - *places.begin(), 128u * (kThreads - 1));
}

TEST(CpuDeviceTest, TimesTheShareOfEachWorker) {
  auto device = MakeDevice(2);
  const std::vector<KernelRequest> kernels = {{"add_one", 0}};
  LATHE_ASSERT_OK_AND_ASSIGN(auto code, device->LoadCode(testing::TestKernels(), "code", kernels));
  std::vector<float> small(10);
  std::vector<float> large(1000000);
  void* small_operands[] = {small.data(), small.data()};
  void* large_operands[] = {large.data(), large.data()};
  const std::vector<Launch> launches = {{.operands = small_operands, .items = 1},
                                        {.operands = large_operands, .items = 1000000},
                                        {.operands = small_operands, .items = 0}};
  LaunchTimes times;
  LATHE_ASSERT_OK(device->Run(*code, launches, &times));
  ASSERT_EQ(times.num_launches(), 3u);
  ASSERT_EQ(times.num_workers(), 2);
  for (int worker : {0, 1}) {
    EXPECT_GT(times.At(1, worker).nanoseconds(), 1000);
    EXPECT_EQ(times.At(2, worker).nanoseconds(), 0) << "there was nothing to do";
    EXPECT_GE(times.At(1, worker).begin_ns, times.At(0, worker).end_ns);
    EXPECT_GE(times.At(2, worker).begin_ns, times.At(1, 1 - worker).end_ns) << "it waits";
  }
  EXPECT_EQ(large[999999], 1.0f);
  LATHE_ASSERT_OK(device->Run(*code, {}, &times));
  EXPECT_EQ(times.num_launches(), 0u);
}

TEST(CpuDeviceTest, ATimelineAddsUp) {
  LaunchTimes times;
  times.Reset(3, 2);
  times.At(0, 0) = {100, 110};
  times.At(0, 1) = {105, 130};
  // The first worker went ahead; both are done before the launch behind it.
  times.At(1, 0) = {110, 120};
  times.At(1, 1) = {130, 135};
  times.At(2, 0) = {121, 121};
  times.At(2, 1) = {140, 160};
  const std::vector<TimeSpan> timeline = times.Timeline();
  ASSERT_EQ(timeline.size(), 3u);
  EXPECT_EQ(timeline[0].begin_ns, 100);
  EXPECT_EQ(timeline[0].nanoseconds(), 30);
  EXPECT_EQ(timeline[1].nanoseconds(), 5);
  EXPECT_EQ(timeline[2].nanoseconds(), 25);
  EXPECT_EQ(timeline[2].end_ns, 160);
  EXPECT_EQ(times.BusyNanoseconds(), 10 + 25 + 10 + 5 + 0 + 20);
}

}  // namespace
}  // namespace lathe
