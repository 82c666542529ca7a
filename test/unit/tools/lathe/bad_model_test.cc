// What a user is told about a model folder that is not as it must be: exit code 1, one message that
// says where, what was found, what was expected and how to go on, and nothing written.
#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::lathe::testing::TensorOf;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Compiles and expects every one of `parts` in the message.
void ExpectRefused(const ModelFolder& model, const std::vector<std::string>& parts) {
  ProcessResult run = RunTool({"compile", model.path(), "-o", model.output()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, StartsWith("lathe compile: " + model.path()));
  for (const std::string& part : parts) EXPECT_THAT(run.err, HasSubstr(part));
  EXPECT_THAT(model.Written(), IsEmpty());
}

// As above, for messages of one line.
void ExpectRefusedInOneLine(const ModelFolder& model, const std::vector<std::string>& parts) {
  ExpectRefused(model, parts);
  ProcessResult run = RunTool({"compile", model.path(), "-o", model.output()});
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

TEST(BadModelTest, FoldersThatHoldNoModel) {
  ModelFolder model;
  model.Remove("config.json");
  ExpectRefusedInOneLine(model,
                         {": holds no config.json; give the folder of a Hugging Face model"});

  ProcessResult run = RunTool({"compile", model.path() + "/nowhere", "-o", model.output()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("/nowhere: there is no such folder"));
  run = RunTool({"compile", model.File("tokenizer.json"), "-o", model.output()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("tokenizer.json is not a folder; give the folder that holds"));
  EXPECT_THAT(model.Written(), IsEmpty());
}

TEST(BadModelTest, ConfigThatIsCutShort) {
  ModelFolder model;
  model.Truncate("config.json", 100);
  ExpectRefusedInOneLine(model, {"/config.json: line 6, column 23: not JSON"});
}

TEST(BadModelTest, ConfigWithoutAKey) {
  ModelFolder model;
  model.Replace("config.json", "\"hidden_size\": 48,", "");
  ExpectRefusedInOneLine(model,
                         {"/config.json: hidden_size: is missing; expected an integer from 1"});
}

TEST(BadModelTest, ConfigWithValuesOfTheWrongKind) {
  ModelFolder model;
  model.Replace("config.json", "\"hidden_size\": 48", "\"hidden_size\": \"48\"");
  model.Replace("config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 0");
  ExpectRefused(model, {"/config.json: 2 problems",
                        "hidden_size: ", "num_attention_heads: ", "expected an integer from 1"});
}

TEST(BadModelTest, ConfigWithAKeyThatNobodyReads) {
  ModelFolder model;
  model.Replace("config.json", "{", "{\"logit_softcap\": 30.0,");
  ExpectRefusedInOneLine(
      model, {"/config.json: logit_softcap: this key is not known and may change the result",
              "found the number 30.0", "--ignore-config-key=logit_softcap"});
}

TEST(BadModelTest, ConfigWithATypingError) {
  ModelFolder model;
  model.Replace("config.json", "\"hidden_size\"", "\"hiden_size\"");
  ExpectRefused(model, {"hidden_size: is missing", "hiden_size: this key is not known",
                        "did you mean hidden_size?"});
}

TEST(BadModelTest, ConfigThatAsksForOtherMathematics) {
  ModelFolder model;
  model.Replace("config.json", "\"silu\"", "\"gelu\"");
  ExpectRefusedInOneLine(model,
                         {"/config.json: hidden_act: \"gelu\" is not supported; supported: silu"});

  ModelFolder rope;
  rope.Replace("config.json", "\"rope_scaling\": null",
               "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 2.0}");
  ExpectRefusedInOneLine(
      rope, {"/config.json: ", "rope_scaling", "dynamic depends on the length of each request",
             "default, linear, yarn and llama3 are"});

  ModelFolder quantized;
  quantized.Replace("config.json", "{", "{\"quantization_config\": {\"quant_method\": \"fp8\"},");
  ExpectRefusedInOneLine(
      quantized, {"quantization_config: quantised weights (fp8) are not supported; use the bf16"});
}

TEST(BadModelTest, UnknownArchitecture) {
  ModelFolder model;
  model.Replace("config.json", "Qwen3ForCausalLM", "LlamaForCausalLM");
  ExpectRefusedInOneLine(
      model, {"/config.json: architectures: \"LlamaForCausalLM\" is not supported; supported are: "
              "Qwen3ForCausalLM"});
  ModelFolder unnamed;
  unnamed.Replace("config.json", "\"Qwen3ForCausalLM\"", "");
  ExpectRefusedInOneLine(unnamed,
                         {"/config.json: architectures is missing or empty", "Qwen3ForCausalLM"});
}

TEST(BadModelTest, TokenizerThatIsDamaged) {
  ModelFolder model;
  model.Truncate("tokenizer.json", 3000);
  ExpectRefusedInOneLine(
      model, {"/tokenizer.json: not valid JSON at line 1, byte 3000", "fetch the file again"});

  ModelFolder other;
  other.Replace("tokenizer.json", "\"BPE\"", "\"Unigram\"");
  ExpectRefusedInOneLine(
      other, {"/tokenizer.json: model.type: \"Unigram\" is not supported, only \"BPE\" is"});

  ModelFolder missing;
  missing.Remove("tokenizer.json");
  ExpectRefusedInOneLine(missing,
                         {": holds no tokenizer.json; copy or download that of the model"});

  ModelFolder larger;
  larger.Replace("config.json", "\"vocab_size\": 304", "\"vocab_size\": 280");
  larger.EditTensors([](std::vector<SafetensorsTensor>& tensors) {
    TensorView& table = TensorOf(tensors, "model.embed_tokens.weight").view;
    table.shape[0] = 280;
    table.bytes = table.bytes.substr(0, 280 * 48 * 2);
  });
  ExpectRefusedInOneLine(larger,
                         {"/tokenizer.json: has 288 ids, but vocab_size in config.json is 280"});
}

TEST(BadModelTest, ChatTemplateThatIsNoTemplate) {
  ModelFolder model;
  model.Write("chat_template.jinja", "{% if %}");
  ExpectRefused(model, {"/chat_template:1:7: unexpected '%}', expected an expression"});
}

TEST(BadModelTest, ShardsThatAreDamaged) {
  ModelFolder model;
  model.Truncate("model.safetensors", 158000);
  ExpectRefusedInOneLine(model,
                         {"/model.safetensors: tensor \"model.norm.weight\": data ends at byte"
                          "",
                          "the file is truncated; copy or download it again"});
  model.Truncate("model.safetensors", 4);
  ExpectRefusedInOneLine(model, {"/model.safetensors: 4 bytes, too short for a safetensors file"});
  model.Write("model.safetensors", std::string(7, '\xff') + '\x7f' + "{}");
  ExpectRefusedInOneLine(model,
                         {"/model.safetensors: header length", "this is not a safetensors file"});
  model.Remove("model.safetensors");
  ExpectRefusedInOneLine(model,
                         {": holds neither model.safetensors.index.json nor model.safetensors"});
}

TEST(BadModelTest, ShardsThatAreMissing) {
  ModelFolder model("qwen3_untied");
  model.Remove("model-00002-of-00003.safetensors");
  ExpectRefusedInOneLine(model,
                         {"/model.safetensors.index.json: names 3 shards, 1 of them missing: "
                          "model-00002-of-00003.safetensors"});
  ModelFolder index("qwen3_untied");
  index.Truncate("model.safetensors.index.json", 200);
  ExpectRefusedInOneLine(index, {"/model.safetensors.index.json"});
}

TEST(BadModelTest, AnIntegerTensor) {
  ModelFolder model;
  model.EditTensors([](std::vector<SafetensorsTensor>& tensors) {
    TensorView& weight = TensorOf(tensors, "model.layers.1.mlp.up_proj.weight").view;
    weight.dtype = DType::kI8;
    weight.bytes = weight.bytes.substr(0, weight.bytes.size() / 2);
  });
  ExpectRefused(model, {"1 problem", "wrong type (1):",
                        "/model.safetensors: model.layers.1.mlp.up_proj.weight: type I8, expected "
                        "BF16 or F16 or F32",
                        "use the bf16 release of the model"});
}

// Everything at once, because a download of hours is not repeated for each problem.
TEST(BadModelTest, EveryTensorProblemIsReportedAtOnce) {
  ModelFolder model;
  std::string not_finite;
  model.EditTensors([&](std::vector<SafetensorsTensor>& tensors) {
    TensorOf(tensors, "model.layers.2.input_layernorm.weight").name = "model.layers.9.extra.weight";
    std::swap(TensorOf(tensors, "model.layers.0.mlp.up_proj.weight").view.shape[0],
              TensorOf(tensors, "model.layers.0.mlp.up_proj.weight").view.shape[1]);
    TensorOf(tensors, "model.layers.1.mlp.up_proj.weight").view.dtype = DType::kI16;
    TensorView& query = TensorOf(tensors, "model.layers.1.self_attn.q_proj.weight").view;
    not_finite = std::string(query.bytes);
    not_finite.replace(8, 4, std::string("\xc0\x7f\x80\x7f", 4));  // NaN and infinity in bf16
    query.bytes = not_finite;
  });
  ProcessResult run = RunTool({"check", model.path()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("5 problems, listed above"));
  EXPECT_THAT(
      run.out,
      AllOf(
          HasSubstr("missing (1):\n  " + model.path() + ": model.layers.2.input_layernorm.weight"),
          HasSubstr("unexpected (1):\n"), HasSubstr("model.layers.9.extra.weight: [48] BF16"),
          HasSubstr("model.layers.0.mlp.up_proj.weight: shape [48, 80], expected [80, 48]"),
          HasSubstr("model.layers.1.mlp.up_proj.weight: type I16, expected BF16 or F16 or F32"),
          HasSubstr(
              "model.layers.1.self_attn.q_proj.weight: 2 of 3072 values are not finite, the first "
              "is NaN at [0, 4]"),
          HasSubstr("--allow-unused goes on without unexpected tensors")));
  // Compiling reads headers only, and stops at what they say.
  ExpectRefused(model, {"4 problems", "model.layers.9.extra.weight"});
}

TEST(BadModelTest, CheckFindsDamageOutsideTheTensorsToo) {
  ModelFolder model;
  model.Truncate("tokenizer.json", 3000);
  ProcessResult run = RunTool({"check", model.path()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, AllOf(HasSubstr("35 tensors, 150.8 KiB: no problems"),
                             HasSubstr("tokenizer.json: not valid JSON")));
  EXPECT_THAT(run.err, HasSubstr("1 problem, listed above"));
}

TEST(BadModelTest, FlagsThatLetAProblemPassDoSo) {
  ModelFolder model;
  model.Replace("config.json", "{", "{\"frobnicate\": 3,");
  std::string spare;
  model.EditTensors([&](std::vector<SafetensorsTensor>& tensors) {
    spare = std::string(tensors[0].view.bytes);
    tensors.push_back({"spare.weight", tensors[0].view});
    tensors.back().view.bytes = spare;
  });
  ProcessResult run = RunTool({"check", model.path(), "--ignore-config-key=frobnicate"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, AllOf(HasSubstr("unexpected (1)"), Not(HasSubstr("frobnicate"))));
  run = RunTool({"check", model.path(), "--ignore-config-key=frobnicate", "--allow-unused"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

TEST(BadModelTest, AnEndTokenThatTheModelDoesNotHave) {
  ModelFolder model;
  model.Replace("generation_config.json", "285", "5000");
  ExpectRefusedInOneLine(
      model, {": eos_token_id of generation_config.json or config.json is 5000, but vocab_size in "
              "config.json is 304"});
}

TEST(BadModelTest, CasesThatAreNone) {
  ModelFolder model;
  model.Write("cases.json", "{}");
  ExpectRefusedInOneLine(model, {"/cases.json: is a JSON object, expected a list of"});
  model.Write("cases.json",
              R"([{"name": "a", "prompt_ids": [1], "greedy_ids": [2]}, {"name": "b"}])");
  ExpectRefusedInOneLine(model, {"/cases.json: [1] is no case, expected {\"name\": text"});
  model.Write("cases.json", "[");
  ExpectRefusedInOneLine(model, {"/cases.json: is not JSON"});
}

}  // namespace
}  // namespace lathe
