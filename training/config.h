// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/context.h"
#include "joule/core/device.h"
#include "joule/layers/functions.h"

namespace joule::training {

/// Everything that determines what a training run computes.  The names are those in config.json and
/// of the program's options (with '_' for '-'); training/config_fields.h has them as a table.
struct Config {
  std::string model = "small-cnn";  // see make_model()
  std::string net;  // its graph as JSON (see file_net()), named as model; empty: the net `model`
  std::string weights;  // run folder or model file whose weights and normalisation it starts from
  std::string data = "fashion-mnist";  // see load_dataset()
  std::int64_t image_size = 0;         // side of images from files of any size; 0: the set's own
  std::string image_fit = "auto";   // auto | crop | stretch | region (see Fit); auto: the set's own
  std::int64_t image_cache = 1024;  // MiB of decoded images that stay in memory
  std::int64_t limit = 0;           // only the first images of each half; 0: all
  double validation = 0.1;       // fraction of the training images held back for choices; 0: none
  std::string augment = "none";  // none | flip | crop | crop-flip
  std::string normalize = "on";  // off: pixels from 0 to 1, whatever mean and deviation they have
  std::string shuffle = "on";    // off: every epoch has the training images in their original order
  std::int64_t epochs = 3;
  std::int64_t batch = 128;
  std::int64_t slices = 0;  // of a batch, over all processes: see SharedStep; 0: one a process
  std::string sync_batch_norm = "off";  // on: statistics of the whole batch, over all processes

  std::string optimizer = "sgd";  // sgd | adam | adamw | rmsprop | lars
  double lr = 0.05;               // the largest of the schedule
  double momentum = 0.9;          // of sgd (Nesterov's, unless 0), rmsprop and lars
  double weight_decay = 5e-4;
  std::string weight_decay_biases =
      "on";                            // off: not of biases and normalisations (see is_weight())
  double dampening = 0;                // of sgd, which is then not Nesterov's
  double beta1 = 0.9, beta2 = 0.999;   // of adam and adamw
  double epsilon = 1e-8;               // of adam, adamw and rmsprop
  std::string nesterov = "on";         // off: sgd's momentum is not Nesterov's
  double alpha = 0.99;                 // of rmsprop
  double lr_biases = 0.01;             // of lars: of biases and normalisations
  double trust = 0.001;                // of lars: a step of a weight as a share of its norm
  std::string amsgrad = "off";         // of adam and adamw: on | off
  std::string centred = "off";         // of rmsprop: on | off
  std::string cycle_momentum = "off";  // of one-cycle: momentum from 0.95 to 0.85 and back
  std::string schedule =
      "one-cycle";       // constant | step | exponential | cosine | one-cycle | plateau
  double lr_factor = 0;  // of step (every third of the epochs), exponential (per epoch), plateau;
                         // 0: 0.1, exponential 0.95
  double warmup = 0;     // epochs in which lr rises from 0; not with one-cycle
  double clip_norm = 0;  // limit of the norm of all gradients together; 0: none

  double l0_lambda = 0;  // 0: no penalty
  double l0_sigma = 1e-4;
  double l0_cutoff = 10;  // of its derivative, in sqrt(l0_sigma); 0: none (see kernels/l0/l0.h)
  std::string l0_layers = "relu";                   // relu | all
  std::string l0_normalization = "per-layer-mean";  // per-layer-mean | per-parameter
  std::string l0_weights = "equal";                 // equal | macs
  double l0_warmup = 0;                             // epochs in which lambda rises from 0

  // Instead of l0_lambda: the target of its controller (training/lambda_control.h); 0: none.
  double target_density = 0;        // fraction of all ReLU outputs that are not zero
  double target_joules = 0;         // modelled, for the inference of one image
  double target_accuracy_loss = 0;  // in percentage points, compared with the run in `reference`
  std::string reference;            // its folder

  std::uint64_t seed = 1;
  int threads = 0;                    // 0: num_threads()
  std::string device = "cpu";         // cpu | cuda
  std::string precision = "f32";      // of products: f32 | tf32 (cuda) | bf16
  std::string algorithms = "direct";  // of convolutions: direct | winograd-2x2 | winograd (cpu)
  std::string graph = "auto";  // of cuda: steps as a CUDA graph: auto (if possible) | on | off
  bool deterministic = false;  // the same bits for any number of threads

  friend bool operator==(const Config&, const Config&) = default;
};

/// Limits of a configuration: with them, products of counts, such as epochs x batches x images or
/// the steps of a warm-up, stay far below 2^63.
inline constexpr std::int64_t kMaxEpochs = 1'000'000;
inline constexpr std::int64_t kMaxBatch = std::int64_t{1} << 20;
inline constexpr std::int64_t kMaxImageSize = 2048;
inline constexpr std::int64_t kMaxImageCache = std::int64_t{1} << 30;  // MiB
inline constexpr std::int64_t kMaxSteps = 1'000'000'000;               // measured at a time

/// Errors    ArgumentError (option, limit, count) unless 1 <= count <= most.
void require_count(const char* option, std::int64_t count, std::int64_t most);

/// Errors    ArgumentError that names the option, its value and what was expected; DeviceError for
///           a device that this build does not have.
void check(const Config& config);

/// A configuration that check() accepted.  Functions that run a configuration take this type, so
/// that it is checked once, where it is made from a Config.
class CheckedConfig {
 public:
  /// Errors    as check().
  CheckedConfig(const Config& config) : config_(config) { check(config); }  // NOLINT: implicit
  operator const Config&() const { return config_; }                        // NOLINT: implicit
  const Config* operator->() const { return &config_; }
  const Config& operator*() const { return config_; }

 private:
  Config config_;
};

/// One JSON object, one line per member.
std::string to_json(const Config& config);

/// The inverse.  `path` is for error messages.
///
/// Errors    DataError if it is not JSON, or a member is missing, unknown (the message suggests the
///           nearest name) or of the wrong type.
Config parse_config(std::string_view json, const std::string& path);

/// Sets the members that the JSON object has; the others do not change.  Returns their names.
///
/// Errors    DataError as parse_config(), except that no member is required; also for a value that
///           is out of its field's range, or not among its choices.
std::vector<std::string> read_config(Config& config, std::string_view json,
                                     const std::string& path);

/// The members in which the two differ although a resumed run must not change them, each with both
/// values: "lr is 0.1, got 0.2".  Empty if there are none.
std::string differences(const Config& saved, const Config& asked);

/// Whether there is an L0 penalty.
bool is_penalised(const Config& config);
Device device(const Config& config);
Precision precision(const Config& config);
Algorithms algorithms(const Config& config);
/// Sets how operations of this thread run from now on: its context.
void set_execution(const Config& config);
/// For people: to what the operands of products may be rounded, and which algorithms may sum the
/// products, besides the direct one.
std::string products_in(const Config& config);
TapLayers tap_layers(const Config& config);
L0Normalization l0_normalization(const Config& config);

}  // namespace joule::training
