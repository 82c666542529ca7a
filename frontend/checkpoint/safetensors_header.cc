#include "frontend/checkpoint/safetensors_header.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors.h"
#include "frontend/json/json_events.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr absl::string_view kMetadata = "__metadata__";

// The header has a fixed form, so a state per place in it is enough:
//   { name: { "dtype": S, "shape": [..], "data_offsets": [b, e] }, "__metadata__": { key: S } }
enum class Place {
  kOutside,
  kHeader,
  kTensor,
  kDType,
  kShape,
  kShapeList,
  kOffsets,
  kOffsetsList,
  kMetadata
};

class HeaderEvents : public JsonEvents {
 public:
  explicit HeaderEvents(SafetensorsHeader& header) : header_(header) {}

  bool key(std::string& name) {
    switch (place_) {
      case Place::kHeader:
        return Name(std::move(name));
      case Place::kTensor:
        return Field(name);
      case Place::kMetadata:
        header_.metadata.emplace_back(std::move(name), "");
        return true;
      default:
        return Refuse(absl::StrCat(Where(), "unexpected key ", Quoted(name)));
    }
  }
  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      header_.metadata.back().second = std::move(value);
      return true;
    }
    if (place_ != Place::kDType) return Unexpected(absl::StrCat("the string ", Quoted(value)));
    std::optional<DType> dtype = ParseDType(ToAbsl(value));
    if (!dtype) {
      return Refuse(absl::StrCat(Where(), "dtype ", Quoted(value),
                                 " is not supported; supported: F64 F32 F16 BF16 F8_E4M3 F8_E5M2 "
                                 "F8_E8M0 I64 I32 I16 I8 U8 BOOL"));
    }
    entry().dtype = *dtype;
    place_ = Place::kTensor;
    return true;
  }
  bool number_unsigned(uint64_t value) {
    if (place_ == Place::kShapeList) return Extent(value);
    if (place_ == Place::kOffsetsList) return Offset(value);
    return Unexpected(absl::StrCat("the number ", value));
  }
  bool number_integer(int64_t value) { return Unexpected(absl::StrCat("the number ", value)); }
  bool number_float(double, const std::string& spelling) {
    return Unexpected(absl::StrCat("the number ", spelling.substr(0, 60)));
  }
  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("true or false"); }
  bool start_object(size_t) {
    if (place_ == Place::kOutside) {
      place_ = Place::kHeader;
      return true;
    }
    if (place_ == Place::kHeader) {
      place_ = in_metadata_ ? Place::kMetadata : Place::kTensor;
      fields_ = 0;
      return true;
    }
    return Unexpected("an object");
  }
  bool end_object() {
    if (place_ == Place::kTensor && fields_ != kAllFields) {
      absl::string_view missing = (fields_ & kDTypeField) == 0   ? "dtype"
                                  : (fields_ & kShapeField) == 0 ? "shape"
                                                                 : "data_offsets";
      return Refuse(absl::StrCat(Where(), missing, " is missing"));
    }
    place_ = place_ == Place::kHeader ? Place::kOutside : Place::kHeader;
    return true;
  }
  bool start_array(size_t) {
    if (place_ == Place::kShape) {
      place_ = Place::kShapeList;
      return true;
    }
    if (place_ == Place::kOffsets) {
      place_ = Place::kOffsetsList;
      offsets_ = 0;
      return true;
    }
    return Unexpected("a list");
  }
  bool end_array() {
    if (place_ == Place::kOffsetsList && offsets_ != 2) {
      return Refuse(absl::StrCat(Where(), "data_offsets has ", offsets_, " numbers, expected 2"));
    }
    place_ = Place::kTensor;
    return true;
  }

 private:
  static constexpr unsigned kDTypeField = 1, kShapeField = 2, kOffsetsField = 4, kAllFields = 7;

  SafetensorsEntry& entry() { return header_.entries.back(); }

  // "tensor "x": " once inside an entry.
  std::string Where() const {
    if (in_metadata_) return absl::StrCat(kMetadata, ": ");
    if (header_.entries.empty()) return "header: ";
    return absl::StrCat("tensor ", Quoted(header_.entries.back().name), ": ");
  }
  bool Unexpected(absl::string_view found) {
    absl::string_view expected = "an object";
    switch (place_) {
      case Place::kDType:
        expected = "a string as dtype";
        break;
      case Place::kShape:
        expected = "a list as shape";
        break;
      case Place::kShapeList:
        expected = "a non-negative integer as extent in shape";
        break;
      case Place::kOffsets:
        expected = "a list as data_offsets";
        break;
      case Place::kOffsetsList:
        expected = "a non-negative integer in data_offsets";
        break;
      case Place::kMetadata:
        expected = "a string";
        break;
      default:
        break;
    }
    return Refuse(absl::StrCat(Where(), "found ", found, ", expected ", expected));
  }
  bool Name(std::string name) {
    in_metadata_ = name == kMetadata;
    if (in_metadata_) {
      if (seen_metadata_) return Refuse(absl::StrCat(kMetadata, " occurs twice"));
      seen_metadata_ = true;
      return true;
    }
    header_.entries.emplace_back().name = std::move(name);
    return true;
  }
  bool Field(const std::string& name) {
    unsigned field = 0;
    if (name == "dtype") {
      field = kDTypeField;
      place_ = Place::kDType;
    } else if (name == "shape") {
      field = kShapeField;
      place_ = Place::kShape;
    } else if (name == "data_offsets") {
      field = kOffsetsField;
      place_ = Place::kOffsets;
    } else {
      return Refuse(absl::StrCat(Where(), "unknown field ", Quoted(name),
                                 ", expected dtype, shape or data_offsets"));
    }
    if ((fields_ & field) != 0) return Refuse(absl::StrCat(Where(), name, " occurs twice"));
    fields_ |= field;
    return true;
  }
  bool Extent(uint64_t value) {
    if (entry().shape.size() == kMaxSafetensorsRank) {
      return Refuse(absl::StrCat(Where(), "rank above ", kMaxSafetensorsRank));
    }
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Refuse(absl::StrCat(Where(), "extent ", value, " overflows"));
    }
    entry().shape.push_back(static_cast<int64_t>(value));
    return true;
  }
  bool Offset(uint64_t value) {
    if (offsets_ == 0) entry().begin = value;
    if (offsets_ == 1) entry().end = value;
    ++offsets_;
    return true;
  }

  SafetensorsHeader& header_;
  Place place_ = Place::kOutside;
  unsigned fields_ = 0;  // seen in the open entry
  size_t offsets_ = 0;   // numbers seen in the open data_offsets
  bool in_metadata_ = false;
  bool seen_metadata_ = false;
};

}  // namespace

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view json,
                                                         absl::string_view origin) {
  SafetensorsHeader header;
  HeaderEvents events(header);
  LATHE_RETURN_IF_ERROR(ParseJsonEvents(json, absl::StrCat(origin, ": header"), events));
  return header;
}

}  // namespace lathe
