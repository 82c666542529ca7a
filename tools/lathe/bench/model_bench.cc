#include "tools/lathe/bench/model_bench.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/model_session.h"
#include "tools/lathe/bench/statistics.h"

namespace lathe {
namespace {

constexpr int64_t kDefaultPrefill[] = {128, 512};

// The median of limits taken between pieces of work.
class LimitSamples {
 public:
  explicit LimitSamples(LimitProbes& probes) : probes_(probes) {}

  absl::Status Take(absl::Span<const ArithmeticUnit> units) {
    LATHE_ASSIGN_OR_RETURN(MeasuredLimits limits, Measure(probes_, units));
    samples_.push_back(std::move(limits));
    return absl::OkStatus();
  }
  double Read(Clock clock) const {
    std::vector<double> rates;
    for (const MeasuredLimits& sample : samples_) rates.push_back(sample.read.By(clock));
    return Median(rates);
  }
  double Peak(ArithmeticUnit unit, Clock clock) const {
    std::vector<double> rates;
    for (const MeasuredLimits& sample : samples_) {
      if (sample.peaks.contains(unit)) rates.push_back(sample.peaks.at(unit).By(clock));
    }
    return Median(rates);
  }

 private:
  LimitProbes& probes_;
  std::vector<MeasuredLimits> samples_;
};

class ModelBench {
 public:
  ModelBench(const std::string& path, const ModelBenchOptions& options, int threads, Report& report)
      : path_(path), options_(options), threads_(threads), report_(report) {}

  absl::Status Run() {
    LATHE_ASSIGN_OR_RETURN(probes_, LimitProbes::Create({.threads = threads_,
                                                         .level = options_.level,
                                                         .read_bytes = options_.read_bytes}));
    LATHE_RETURN_IF_ERROR(Open());
    for (int64_t length : PrefillLengths()) LATHE_RETURN_IF_ERROR(Prefill(length));
    for (int64_t batch : options_.batch) LATHE_RETURN_IF_ERROR(Decode(batch));
    AddStart();
    return absl::OkStatus();
  }

 private:
  std::string Name(absl::string_view what) const {
    return absl::StrCat(what, "/", threads_, threads_ == 1 ? " thread" : " threads");
  }

  // Several times: the first brings the file's pages into memory.
  absl::Status Open() {
    const CpuOptions cpu{.threads = threads_, .cpu_level = options_.level};
    anonymous_before_ = ResidentAnonymousBytes();
    for (int i = 0; i < options_.repeat; ++i) {
      session_.reset();
      Stopwatch watch;
      LATHE_ASSIGN_OR_RETURN(session_, ModelSession::Open(path_, cpu));
      ready_s_.push_back(watch.Read().Seconds(options_.clock, 1));
      LATHE_RETURN_IF_ERROR(session_->Start({.seed = options_.seed}));
      LATHE_RETURN_IF_ERROR(session_->Step().status());
      first_token_s_.push_back(watch.Read().Seconds(options_.clock, 1));
    }
    units_ = session_->units();
    return absl::OkStatus();
  }

  std::vector<int64_t> PrefillLengths() const {
    if (options_.prefill) return *options_.prefill;
    std::vector<int64_t> lengths;
    for (int64_t length : kDefaultPrefill) {
      // A prompt makes a token, which needs room too.
      if (length < static_cast<int64_t>(session_->manifest().max_context()))
        lengths.push_back(length);
    }
    return lengths;
  }

  void NoteMemory() {
    const uint64_t now = ResidentAnonymousBytes();
    const uint64_t known = anonymous_before_ + session_->cache_bytes();
    resident_bytes_ = std::max(resident_bytes_, now > known ? now - known : 0);
  }

  absl::Status Prefill(int64_t length) {
    LimitSamples limits(*probes_);
    std::vector<double> wall;
    std::vector<double> cpu;
    Work work;
    for (int i = 0; i < options_.repeat; ++i) {
      LATHE_RETURN_IF_ERROR(limits.Take(units_));
      LATHE_RETURN_IF_ERROR(
          session_->Start({.sequences = 1, .prompt = length, .seed = options_.seed}));
      Elapsed elapsed;
      work = {};
      for (int64_t rows = 0; rows < length;) {
        LATHE_ASSIGN_OR_RETURN(TimedStep step, session_->Step());
        rows += step.rows;
        elapsed.wall_s += step.elapsed.wall_s;
        elapsed.cpu_s += step.elapsed.cpu_s;
        work.flops += step.work.flops;
        work.bytes += step.work.bytes;
      }
      NoteMemory();
      wall.push_back(elapsed.Seconds(Clock::kWall, threads_));
      cpu.push_back(elapsed.Seconds(Clock::kCpu, threads_));
    }
    LATHE_RETURN_IF_ERROR(limits.Take(units_));
    AddPrefill(length, wall, cpu, work, limits);
    return absl::OkStatus();
  }

  void AddPrefill(int64_t length, const std::vector<double>& wall, const std::vector<double>& cpu,
                  const Work& work, const LimitSamples& limits) {
    const std::vector<double>& times = options_.clock == Clock::kWall ? wall : cpu;
    const double seconds = Median(times);
    ReportLine line{Name(absl::StrCat("prefill ", length)),
                    {{"wall", 1e3 * Median(wall), "ms"},
                     {"cpu", 1e3 * Median(cpu), "ms"},
                     {"spread", 100 * Spread(times), "%"},
                     {"rate", static_cast<double>(length) / seconds, "token/s"},
                     {"flops", 1e-9 * work.flops / seconds, "GFLOP/s"}}};
    for (ArithmeticUnit unit : units_) {
      const double peak = limits.Peak(unit, options_.clock);
      line.metrics.push_back(
          {absl::StrCat(UnitName(unit), " peak"), 1e-9 * peak, std::string(UnitRate(unit))});
      line.metrics.push_back({absl::StrCat("of ", UnitName(unit)),
                              peak > 0 ? 100 * work.flops / seconds / peak : 0, "%"});
    }
    line.note = OtherLoad(Median(wall), Median(cpu), options_.clock);
    report_.Add(std::move(line));
  }

  absl::Status Decode(int64_t batch) {
    const int64_t steps = options_.decode_steps * options_.repeat;
    LATHE_RETURN_IF_ERROR(session_->Start({.sequences = batch,
                                           .prompt = options_.context,
                                           .new_tokens = steps + 2,
                                           .seed = options_.seed}));
    // Prompts may be read in several steps; a step of decoding has one row a sequence.
    TimedStep step;
    for (int64_t computed = 0; computed < batch * options_.context; computed += step.rows) {
      LATHE_ASSIGN_OR_RETURN(step, session_->Step());
    }
    LATHE_ASSIGN_OR_RETURN(step, session_->Step());  // not timed: the first of its kind
    LimitSamples limits(*probes_);
    std::vector<TimedStep> timed;
    for (int group = 0; group < options_.repeat; ++group) {
      LATHE_RETURN_IF_ERROR(limits.Take(units_));
      for (int64_t i = 0; i < options_.decode_steps; ++i) {
        LATHE_ASSIGN_OR_RETURN(step, session_->Step());
        if (step.rows != batch) return absl::InternalError("a step of decoding has other rows");
        timed.push_back(step);
      }
    }
    LATHE_RETURN_IF_ERROR(limits.Take(units_));
    NoteMemory();
    AddDecode(batch, timed, limits);
    return absl::OkStatus();
  }

  void AddDecode(int64_t batch, const std::vector<TimedStep>& timed, const LimitSamples& limits) {
    std::vector<double> times;
    std::vector<double> other;
    std::vector<double> bytes;
    std::vector<double> flops;
    for (const TimedStep& step : timed) {
      times.push_back(step.elapsed.Seconds(options_.clock, threads_));
      const Clock else_clock = options_.clock == Clock::kWall ? Clock::kCpu : Clock::kWall;
      other.push_back(step.elapsed.Seconds(else_clock, threads_));
      bytes.push_back(step.work.bytes);
      flops.push_back(step.work.flops);
    }
    const double seconds = Median(times);
    const double read = limits.Read(options_.clock);
    const double peak = limits.Peak(ArithmeticUnit::kFmaF32, options_.clock);
    const bool by_wall = options_.clock == Clock::kWall;
    report_.Add({Name(absl::StrCat("decode batch ", batch)),
                 {{"p50", 1e3 * seconds, "ms"},
                  {"p90", 1e3 * Percentile(times, 90), "ms"},
                  {"p99", 1e3 * Percentile(times, 99), "ms"},
                  {by_wall ? "cpu p50" : "wall p50", 1e3 * Median(other), "ms"},
                  {"rate", static_cast<double>(batch) / seconds, "token/s"},
                  {"bytes", 1e-9 * Median(bytes) / seconds, "GB/s"},
                  {"read limit", 1e-9 * read, "GB/s"},
                  {"of reading", 100 * Median(bytes) / seconds / read, "%"},
                  {"flops", 1e-9 * Median(flops) / seconds, "GFLOP/s"},
                  {"of fma f32", 100 * Median(flops) / seconds / peak, "%"}},
                 by_wall ? OtherLoad(seconds, Median(other), options_.clock)
                         : OtherLoad(Median(other), seconds, options_.clock)});
  }

  void AddStart() {
    report_.Add(
        {Name("start"),
         {{"ready to decode", 1e3 * Median(ready_s_), "ms"},
          {"first token", 1e3 * Median(first_token_s_), "ms"},
          {"memory beyond weights and cache", 1e-6 * static_cast<double>(resident_bytes_), "MB"},
          {"workspace", 1e-6 * static_cast<double>(session_->program().workspace_bytes()), "MB"}},
         "pages warm"});
  }

  const std::string& path_;
  const ModelBenchOptions& options_;
  const int threads_;
  Report& report_;
  std::unique_ptr<LimitProbes> probes_;
  std::unique_ptr<ModelSession> session_;
  std::vector<ArithmeticUnit> units_;
  std::vector<double> ready_s_;
  std::vector<double> first_token_s_;  // from the same start; the first step meets every page
  uint64_t anonymous_before_ = 0;
  uint64_t resident_bytes_ = 0;
};

}  // namespace

absl::Status BenchModel(const std::string& path, const ModelBenchOptions& options, Report& report) {
  for (int threads : options.threads) {
    LATHE_RETURN_IF_ERROR(ModelBench(path, options, threads, report).Run());
  }
  return absl::OkStatus();
}

}  // namespace lathe
