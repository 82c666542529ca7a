#include "models/qwen3/model.h"

#include "models/common/decoder.h"
#include "runtime/base/status_macros.h"

namespace lathe::qwen3 {

absl::StatusOr<BuiltModel> Build(mlir::MLIRContext* context, ConfigReader& reader,
                                 const ModelOptions& options,
                                 const GraphBuilder::DTypeLookup& dtype_of) {
  LATHE_ASSIGN_OR_RETURN(const Config config, Config::Read(reader));
  GraphBuilder b(context,
                 {.family = "qwen3", .max_context = config.decoder.max_position_embeddings},
                 dtype_of);
  EmitDecoder(b, config.decoder, options, [&](int64_t) -> LayerKind {
    return {"decoder_layer", [&](const WeightScope& w, mlir::Value x) {
              return SwigluMlp(b, w, x, config.intermediate_size);
            }};
  });
  return FinishDecoder(b, config.decoder, "qwen3", std::string(reader.origin()));
}

}  // namespace lathe::qwen3
