// Finds the full pages of one cache group by what they hold, and decides which of those that no
// sequence uses goes first.
//   std::vector<PrefixCache::Node> known = cache.Find(tokens);  // node i: page i of the text
//   if (cache.page(known[0]) != PrefixCache::kNoPage) ...       // its keys and values are there
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/hash.h"

namespace lathe {

// The key of a page: of its own tokens and, by the key before, of all tokens that precede it.
using PageHash = Digest128 (*)(const Digest128& before, absl::Span<const int32_t> tokens);
Digest128 HashPage(const Digest128& before, absl::Span<const int32_t> tokens);

// A tree: a node is a page's tokens after those of its parents, and knows the page while there is
// one. It is found by key and confirmed by parent and tokens, so that pages with equal keys are
// never taken for each other. A node without a page stays while nodes hang on it or a sequence
// stands on it, so that a window may let go of a text's first pages and keep the last.
class PrefixCache {
 public:
  using Node = int32_t;
  static constexpr Node kRoot = 0;  // the empty text
  static constexpr int32_t kNoPage = -1;

  PrefixCache(int64_t page_tokens, int64_t num_pages, PageHash hash = HashPage);

  // The nodes of the pages that `tokens` fill, as far as they are known.
  std::vector<Node> Find(absl::Span<const int32_t> tokens) const;
  // The node of the page that holds `tokens` [page_tokens] after `parent`, added when it is new.
  // None when another page has its key. A node that gets no page or pin is left behind: give it
  // one.
  std::optional<Node> Add(Node parent, absl::Span<const int32_t> tokens);

  Node parent(Node node) const { return nodes_[static_cast<size_t>(node)].parent; }
  int32_t page(Node node) const { return nodes_[static_cast<size_t>(node)].page; }
  bool HasPage(int32_t page) const { return node_of_page_[static_cast<size_t>(page)] != kRoot; }

  // A page in use, of a node that has none.
  void SetPage(Node node, int32_t page);
  // A sequence stands on the node, or leaves it. The root is always there.
  void Pin(Node node);
  void Unpin(Node node);

  // No sequence uses this page any more; it goes after all that became idle before.
  void MarkIdle(int32_t page);
  // A sequence uses it again; may be so already.
  void MarkUsed(int32_t page);
  // Forgets the page that has been idle for longest and returns it.
  std::optional<int32_t> Evict();
  // Forgets this page, idle or in use.
  void Forget(int32_t page);

  int64_t num_idle() const { return static_cast<int64_t>(idle_.size()); }
  // With the root.
  int64_t num_nodes() const { return static_cast<int64_t>(nodes_.size() - free_nodes_.size()); }
  int64_t num_evicted() const { return num_evicted_; }

 private:
  struct Entry {
    Node parent = kRoot;
    Digest128 key;
    std::vector<int32_t> tokens;
    int32_t page = kNoPage;
    int32_t num_children = 0;
    int32_t num_pins = 0;
    std::optional<std::list<Node>::iterator> idle = std::nullopt;  // its place in idle_
  };
  struct KeyHash {
    size_t operator()(const Digest128& key) const { return static_cast<size_t>(key.low); }
  };
  Entry& at(Node node) { return nodes_[static_cast<size_t>(node)]; }
  const Entry& at(Node node) const { return nodes_[static_cast<size_t>(node)]; }
  Node NodeOf(int32_t page) const;
  // The node with this key, known or not to be the one looked for.
  std::optional<Node> WithKey(const Digest128& key) const;
  bool Is(Node node, Node parent, absl::Span<const int32_t> tokens) const;
  // Removes the node, then its parents, as long as nothing needs them.
  void Prune(Node node);

  int64_t page_tokens_;
  PageHash hash_;
  std::vector<Entry> nodes_;
  std::vector<Node> free_nodes_;
  std::vector<Node> node_of_page_;  // [num_pages]; the root: of none
  std::unordered_map<Digest128, Node, KeyHash> by_key_;
  std::list<Node> idle_;  // idle for longest first
  int64_t num_evicted_ = 0;
};

}  // namespace lathe
