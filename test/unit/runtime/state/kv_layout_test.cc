#include "runtime/state/kv_layout.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kPageTokens = 16;

artifact::KvCacheGroup Group(int64_t window = 0) {
  artifact::KvCacheGroup group;
  group.set_name("kv");
  group.set_num_layers(2);
  group.set_kv_heads(3);
  group.set_head_dim(4);
  group.set_dtype(artifact::F32);
  group.set_page_tokens(kPageTokens);
  group.set_window(window);
  const uint64_t part = 3 * 4 * kPageTokens * 4;
  group.set_value_offset(part);
  group.set_layer_bytes(2 * part);
  group.set_page_bytes(4 * part);
  group.add_model_layers(1);
  group.add_model_layers(3);
  return group;
}

TEST(KvLayoutTest, PagesOfATextAndOfAWindow) {
  LATHE_ASSERT_OK_AND_ASSIGN(KvGroupLayout full, KvGroupLayout::FromManifest(Group()));
  EXPECT_EQ(full.NumPages(0), 0);
  EXPECT_EQ(full.NumPages(16), 1);
  EXPECT_EQ(full.NumPages(17), 2);
  EXPECT_EQ(full.PagesFor(1000, 1), 63);
  LATHE_ASSERT_OK_AND_ASSIGN(KvGroupLayout window, KvGroupLayout::FromManifest(Group(20)));
  EXPECT_EQ(window.PagesFor(30, 1), 2);
  EXPECT_EQ(window.PagesFor(1000, 1), 4);
  EXPECT_EQ(window.PagesFor(1000, 64), 7);
}

TEST(KvLayoutTest, ContradictoryLayoutsAreRefusedByName) {
  auto refused = [](auto change, const char* message) {
    artifact::KvCacheGroup group = Group();
    change(group);
    EXPECT_THAT(KvGroupLayout::FromManifest(group),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("cache group \"kv\""), HasSubstr(message))));
  };
  refused([](auto& g) { g.set_num_layers(0); }, "num_layers is 0");
  refused([](auto& g) { g.set_kv_heads(0); }, "kv_heads is 0");
  refused([](auto& g) { g.set_head_dim(1 << 30); }, "head_dim is 1073741824");
  refused([](auto& g) { g.set_page_tokens(0); }, "page_tokens is 0");
  refused([](auto& g) { g.set_dtype(artifact::BF16), g.set_head_dim(3); }, "head_dim is 3");
  refused([](auto& g) { g.set_kv_heads(1 << 15), g.set_head_dim(1 << 15); }, "kv_heads * head_dim");
  refused([](auto& g) { g.set_dtype(artifact::I8); }, "expected F32, BF16 or F16");
  refused([](auto& g) { g.set_window(-1); }, "window is -1");
  refused([](auto& g) { g.set_value_offset(8); }, "do not fit a layer");
  refused([](auto& g) { g.set_layer_bytes(~uint64_t{0}); }, "do not fit a layer");
  refused([](auto& g) { g.set_page_bytes(g.layer_bytes()); }, "do not fit a page");
  refused([](auto& g) { g.clear_model_layers(); }, "model_layers names 0 layers, expected 2");
}

}  // namespace
}  // namespace lathe
