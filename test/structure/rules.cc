#include "test/structure/rules.h"

#include <algorithm>
#include <array>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lathe::structure {
namespace {

const std::array<const char*, 7> kTops = {"runtime",  "frontend", "ops", "models",
                                          "compiler", "tools",    "test"};

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool IsUnder(const std::string& path, const std::string& prefix) {
  return absl::StartsWith(path + "/", prefix + "/");
}

bool IsOurs(const std::string& path) {
  return std::any_of(kTops.begin(), kTops.end(),
                     [&](const char* top) { return IsUnder(path, top); });
}

// The most specific layer that holds `folder`, or null.
const std::pair<const std::string, std::vector<std::string>>* LayerOf(const Layers& layers,
                                                                      const std::string& folder) {
  const std::pair<const std::string, std::vector<std::string>>* best = nullptr;
  for (const auto& layer : layers) {
    if (IsUnder(folder, layer.first) &&
        (best == nullptr || layer.first.size() > best->first.size()))
      best = &layer;
  }
  return best;
}

// What an include path stands for in layers.txt: a folder of ours, a package with a name there, or
// "" for the standard library.
std::string SeenBy(const std::string& include) {
  if (absl::StartsWith(include, "mlir/") || absl::StartsWith(include, "llvm/") ||
      absl::StartsWith(include, "lld/"))
    return "mlir";
  if (absl::StartsWith(include, "google/protobuf/") || absl::EndsWith(include, ".pb.h"))
    return "protobuf";
  if (absl::StartsWith(include, "nlohmann/")) return "json";
  return IsOurs(include) ? FolderOf(include) : "";
}

bool MaySee(const std::string& folder, const std::string& seen,
            const std::vector<std::string>& allowed) {
  if (seen.empty() || seen == folder) return true;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& prefix) {
    return prefix == "all" || IsUnder(seen, prefix);
  });
}

bool IsCode(const std::string& path) {
  return absl::EndsWith(path, ".h") || absl::EndsWith(path, ".cc") || absl::EndsWith(path, ".td") ||
         absl::EndsWith(path, ".def") || absl::EndsWith(path, ".cuh") ||
         absl::EndsWith(path, ".proto");
}

// Whether line `i` of a tool belongs to FlagTable::Example, which takes one or two lines.
bool IsHelpExample(const SourceFile& file, size_t i) {
  return IsUnder(file.path, "tools") &&
         (absl::StrContains(file.lines[i], ".Example(") ||
          (i > 0 && absl::StrContains(file.lines[i - 1], ".Example(")));
}

std::vector<std::string> NonCommentLines(const std::string& text) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty() && line.front() != '#') lines.emplace_back(line);
  }
  return lines;
}

// Whether `list` makes an op family by lathe_op_family(F), whose files all begin with F.
bool IsOfFamily(const std::string& list, const std::string& name) {
  return absl::StrContains(list, absl::StrCat("lathe_op_family(", name.substr(0, name.find('_'))));
}

// The test that must exist for a source, or "" for sources that need none (tests themselves,
// registries of generated code).
std::string MirrorOf(const std::string& path) {
  if (!absl::EndsWith(path, ".cc") || IsUnder(path, "test") || IsUnder(path, "third_party"))
    return "";
  absl::string_view stem = path;
  absl::ConsumeSuffix(&stem, ".cc");
  return absl::StrCat("test/unit/", stem, "_test.cc");
}

}  // namespace

absl::StatusOr<Layers> ParseLayers(const std::string& text) {
  Layers layers;
  for (const std::string& line : NonCommentLines(text)) {
    size_t colon = line.find(':');
    if (colon == std::string::npos)
      return absl::InvalidArgumentError(absl::StrCat("no colon in: ", line));
    std::vector<std::string> seen = absl::StrSplit(line.substr(colon + 1), ' ', absl::SkipEmpty());
    if (!layers.emplace(line.substr(0, colon), seen).second) {
      return absl::InvalidArgumentError(absl::StrCat("two lines for ", line.substr(0, colon)));
    }
  }
  return layers;
}

absl::StatusOr<std::map<std::string, std::string>> ParseExceptions(const std::string& text) {
  std::map<std::string, std::string> exceptions;
  for (const std::string& line : NonCommentLines(text)) {
    std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    if (parts.size() != 2)
      return absl::InvalidArgumentError(absl::StrCat("no reason given: ", line));
    exceptions[parts[0]] = parts[1];
  }
  return exceptions;
}

std::vector<std::string> CheckLayers(const std::vector<SourceFile>& files, const Layers& layers) {
  static const std::regex kInclude(R"rx(^\s*#?include\s+["<]([^">]+)[">])rx");
  std::vector<std::string> breaches;
  for (const SourceFile& file : files) {
    if (!IsCode(file.path) || !IsOurs(file.path)) continue;
    const auto* layer = LayerOf(layers, FolderOf(file.path));
    if (layer == nullptr) {
      breaches.push_back(
          absl::StrCat(file.path, ": its folder has no line in test/structure/layers.txt"));
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.lines[i], match, kInclude)) continue;
      if (MaySee(FolderOf(file.path), SeenBy(match[1]), layer->second)) continue;
      breaches.push_back(absl::StrCat(file.path, ":", i + 1, ": may not include ", match[1].str(),
                                      " (layers.txt, line '", layer->first, ":')"));
    }
  }
  return breaches;
}

std::vector<std::string> CheckNoModelNames(const std::vector<SourceFile>& files) {
  static const std::regex kModelName(R"((qwen|step3|step-3))", std::regex::icase);
  // Comments may name the source of an algorithm, and the examples of a tool's help are documents.
  static const std::regex kComment(R"((//|#).*)");
  std::vector<std::string> breaches;
  for (const SourceFile& file : files) {
    if (!IsCode(file.path) || IsUnder(file.path, "models") || IsUnder(file.path, "test")) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      std::string code = absl::StartsWith(absl::StripAsciiWhitespace(file.lines[i]), "#")
                             ? file.lines[i]
                             : std::regex_replace(file.lines[i], kComment, "");
      if (IsHelpExample(file, i)) continue;
      if (std::regex_search(code, kModelName)) {
        breaches.push_back(
            absl::StrCat(file.path, ":", i + 1, ": a model's name outside of models/"));
      }
    }
  }
  return breaches;
}

std::vector<std::string> CheckMirrors(const std::vector<SourceFile>& files,
                                      const std::map<std::string, std::string>& untested) {
  std::set<std::string> paths;
  for (const SourceFile& file : files) paths.insert(file.path);
  std::vector<std::string> breaches;
  for (const std::string& path : paths) {
    std::string mirror = MirrorOf(path);
    if (mirror.empty()) continue;
    std::string lit = absl::StrCat("test/lit/", absl::StripSuffix(path, ".cc"), ".mlir");
    bool is_tested = paths.contains(mirror) || paths.contains(lit);
    if (is_tested && untested.contains(path)) {
      breaches.push_back(
          absl::StrCat(path, ": has a test now; take it off test/structure/untested.txt"));
    } else if (!is_tested && !untested.contains(path)) {
      breaches.push_back(absl::StrCat(path, ": has no test ", mirror,
                                      " and no reason in test/structure/untested.txt"));
    }
  }
  for (const auto& [path, reason] : untested) {
    if (!paths.contains(path))
      breaches.push_back(absl::StrCat("test/structure/untested.txt: there is no ", path));
  }
  return breaches;
}

std::vector<std::string> CheckSizes(const std::vector<SourceFile>& files,
                                    const std::map<std::string, std::string>& oversized) {
  std::vector<std::string> breaches;
  for (const SourceFile& file : files) {
    if (!IsCode(file.path) || oversized.contains(file.path)) continue;
    size_t limit = absl::EndsWith(file.path, ".h") ? 250 : 800;
    if (file.lines.size() > limit) {
      breaches.push_back(
          absl::StrCat(file.path, ": ", file.lines.size(), " lines, at most ", limit,
                       "; split it or give a reason in test/structure/oversized.txt"));
    }
  }
  return breaches;
}

std::vector<std::string> CheckBuilt(const std::vector<SourceFile>& files) {
  std::map<std::string, std::string> lists;
  for (const SourceFile& file : files) {
    if (!absl::EndsWith(file.path, "CMakeLists.txt")) continue;
    for (const std::string& line : file.lines)
      absl::StrAppend(&lists[FolderOf(file.path)], line, " ");
  }
  std::vector<std::string> breaches;
  for (const SourceFile& file : files) {
    if (!absl::EndsWith(file.path, ".cc") || !IsOurs(file.path)) continue;
    std::string name = file.path.substr(file.path.rfind('/') + 1);
    bool is_built = false;
    for (std::string folder = FolderOf(file.path); !folder.empty() && !is_built;
         folder = FolderOf(folder)) {
      is_built = absl::StrContains(lists[folder], name) || IsOfFamily(lists[folder], name);
    }
    if (!is_built) breaches.push_back(absl::StrCat(file.path, ": no CMakeLists.txt names it"));
  }
  return breaches;
}

std::vector<std::string> CheckHabits(const std::vector<SourceFile>& files) {
  static const std::regex kTodo(R"(\b(TODO(?!\(#\d+\))|FIXME|XXX)\b)");
  static const std::regex kEnvironment(R"(\bgetenv\s*\()");
  std::vector<std::string> breaches;
  for (const SourceFile& file : files) {
    if (!IsCode(file.path) || IsUnder(file.path, "test/structure")) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (std::regex_search(file.lines[i], kTodo)) {
        breaches.push_back(
            absl::StrCat(file.path, ":", i + 1, ": a to-do without an issue number"));
      }
      if (!IsUnder(file.path, "test") && std::regex_search(file.lines[i], kEnvironment)) {
        breaches.push_back(
            absl::StrCat(file.path, ":", i + 1, ": reads the environment; switches are flags"));
      }
    }
  }
  return breaches;
}

}  // namespace lathe::structure
