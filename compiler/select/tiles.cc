#include "compiler/select/tiles.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mlir/IR/Builders.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr char kAttribute[] = "tiles";

std::string FieldNames() {
  return absl::StrJoin(kTilingFields, ", ", [](std::string* out, const TilingField& field) {
    absl::StrAppend(out, field.name);
  });
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("attribute tiles", what, "; expected {\"x86-64-v4\" = {...}} with the numbers ",
                   FieldNames()));
}

absl::StatusOr<MatmulTiling> ReadTile(mlir::DictionaryAttr numbers, const std::string& level) {
  MatmulTiling tiling;
  for (const TilingField& field : kTilingFields) {
    auto number =
        numbers.getAs<mlir::IntegerAttr>(llvm::StringRef(field.name.data(), field.name.size()));
    if (!number || !number.getType().isInteger(64))
      return Malformed(absl::StrCat(" of ", level, " has no number ", field.name));
    tiling.*field.number = number.getInt();
  }
  if (numbers.size() == kTilingFields.size()) return tiling;
  return Malformed(absl::StrCat(" of ", level, " has ", numbers.size(), " entries"));
}

}  // namespace

bool HasTiles(DispatchOp dispatch) { return dispatch->hasAttr(kAttribute); }

absl::StatusOr<Tiles> ReadTiles(DispatchOp dispatch) {
  Tiles tiles;
  mlir::Attribute attribute = dispatch->getAttr(kAttribute);
  if (!attribute) return tiles;
  auto levels = llvm::dyn_cast<mlir::DictionaryAttr>(attribute);
  if (!levels) return Malformed(" is no dictionary");
  for (const mlir::NamedAttribute& entry : levels) {
    const std::string level = entry.getName().str();
    auto numbers = llvm::dyn_cast<mlir::DictionaryAttr>(entry.getValue());
    if (!numbers) return Malformed(absl::StrCat(" of ", level, " is no dictionary"));
    LATHE_ASSIGN_OR_RETURN(tiles[level], ReadTile(numbers, level));
  }
  return tiles;
}

void SetTiles(DispatchOp dispatch, const Tiles& tiles) {
  mlir::Builder builder(dispatch->getContext());
  llvm::SmallVector<mlir::NamedAttribute> levels;
  for (const auto& [level, tiling] : tiles) {
    llvm::SmallVector<mlir::NamedAttribute> numbers;
    for (const TilingField& field : kTilingFields) {
      numbers.push_back(builder.getNamedAttr(llvm::StringRef(field.name.data(), field.name.size()),
                                             builder.getI64IntegerAttr(tiling.*field.number)));
    }
    levels.push_back(builder.getNamedAttr(level, builder.getDictionaryAttr(numbers)));
  }
  dispatch->setAttr(kAttribute, builder.getDictionaryAttr(levels));
}

}  // namespace lathe
