#include "runtime/state/prefix_cache.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "runtime/base/check.h"

namespace lathe {

// A chain of hashes, as in vLLM v1/core/kv_cache_utils.py hash_block_tokens.
Digest128 HashPage(const Digest128& before, absl::Span<const int32_t> tokens) {
  std::string bytes(sizeof(before) + tokens.size() * sizeof(int32_t), '\0');
  std::memcpy(bytes.data(), &before, sizeof(before));
  std::memcpy(bytes.data() + sizeof(before), tokens.data(), tokens.size() * sizeof(int32_t));
  return Hash128(bytes);
}

PrefixCache::PrefixCache(int64_t page_tokens, int64_t num_pages, PageHash hash)
    : page_tokens_(page_tokens),
      hash_(hash),
      nodes_(1),
      node_of_page_(static_cast<size_t>(num_pages), kRoot) {
  LATHE_CHECK(page_tokens > 0 && num_pages > 0) << page_tokens << " tokens, " << num_pages;
}

std::optional<PrefixCache::Node> PrefixCache::WithKey(const Digest128& key) const {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

bool PrefixCache::Is(Node node, Node parent, absl::Span<const int32_t> tokens) const {
  const Entry& entry = at(node);
  return entry.parent == parent &&
         std::equal(entry.tokens.begin(), entry.tokens.end(), tokens.begin(), tokens.end());
}

std::vector<PrefixCache::Node> PrefixCache::Find(absl::Span<const int32_t> tokens) const {
  std::vector<Node> found;
  Node parent = kRoot;
  const auto width = static_cast<size_t>(page_tokens_);
  for (size_t begin = 0; begin + width <= tokens.size(); begin += width) {
    const absl::Span<const int32_t> page = tokens.subspan(begin, width);
    const std::optional<Node> node = WithKey(hash_(at(parent).key, page));
    if (!node.has_value() || !Is(*node, parent, page)) break;
    found.push_back(parent = *node);
  }
  return found;
}

std::optional<PrefixCache::Node> PrefixCache::Add(Node parent, absl::Span<const int32_t> tokens) {
  LATHE_CHECK(static_cast<int64_t>(tokens.size()) == page_tokens_) << tokens.size() << " tokens";
  const Digest128 key = hash_(at(parent).key, tokens);
  if (std::optional<Node> known = WithKey(key)) {
    return Is(*known, parent, tokens) ? known : std::nullopt;
  }
  if (free_nodes_.empty()) {
    free_nodes_.push_back(static_cast<Node>(nodes_.size()));
    nodes_.emplace_back();
  }
  const Node node = free_nodes_.back();
  free_nodes_.pop_back();
  at(node) = {.parent = parent, .key = key, .tokens = {tokens.begin(), tokens.end()}};
  ++at(parent).num_children;
  by_key_.emplace(key, node);
  return node;
}

PrefixCache::Node PrefixCache::NodeOf(int32_t page) const {
  const Node node = node_of_page_[static_cast<size_t>(page)];
  LATHE_CHECK(node != kRoot) << "page " << page << " is not known by its content";
  return node;
}

void PrefixCache::SetPage(Node node, int32_t page) {
  LATHE_CHECK(node != kRoot && at(node).page == kNoPage && !HasPage(page))
      << "node " << node << " has page " << at(node).page << " and gets page " << page;
  at(node).page = page;
  node_of_page_[static_cast<size_t>(page)] = node;
}

void PrefixCache::Pin(Node node) {
  if (node != kRoot) ++at(node).num_pins;
}

void PrefixCache::Unpin(Node node) {
  if (node == kRoot) return;
  LATHE_CHECK(at(node).num_pins > 0) << "nobody stands on node " << node;
  --at(node).num_pins;
  Prune(node);
}

void PrefixCache::MarkIdle(int32_t page) {
  const Node node = NodeOf(page);
  LATHE_CHECK(!at(node).idle.has_value()) << "page " << page << " is idle already";
  at(node).idle = idle_.insert(idle_.end(), node);
}

void PrefixCache::MarkUsed(int32_t page) {
  Entry& entry = at(NodeOf(page));
  if (!entry.idle.has_value()) return;
  idle_.erase(*entry.idle);
  entry.idle.reset();
}

std::optional<int32_t> PrefixCache::Evict() {
  if (idle_.empty()) return std::nullopt;
  const int32_t page = at(idle_.front()).page;
  Forget(page);
  ++num_evicted_;
  return page;
}

void PrefixCache::Forget(int32_t page) {
  const Node node = NodeOf(page);
  MarkUsed(page);
  at(node).page = kNoPage;
  node_of_page_[static_cast<size_t>(page)] = kRoot;
  Prune(node);
}

void PrefixCache::Prune(Node node) {
  while (node != kRoot) {
    Entry& entry = at(node);
    if (entry.page != kNoPage || entry.num_children > 0 || entry.num_pins > 0) return;
    by_key_.erase(entry.key);
    free_nodes_.push_back(node);
    node = entry.parent;
    entry = {};
    --at(node).num_children;
  }
}

}  // namespace lathe
