// SPDX-License-Identifier: MIT
// Trains a net into a folder, as `joule train` does, and uses what lies there: loads it, predicts,
// saves it again.  A folder that `joule train --out DIR` wrote is loaded the same way:
// use_trained_model DIR.
#include <exception>
#include <filesystem>
#include <iostream>

#include <joule/joule.h>

using namespace joule;

/// Three epochs on synthetic images.
std::string trained() {
  const std::string folder = std::filesystem::temp_directory_path() / "joule_use_trained_model";
  training::Config config;
  config.model = "lenet5";
  config.data = "synthetic";
  config.limit = 2000;
  config.batch = 32;
  training::Hooks hooks;
  hooks.on_epoch = [](const training::EpochMetrics& epoch) {
    std::cout << "epoch " << epoch.epoch << ": loss " << epoch.train_loss << '\n';
  };
  training::run_in_folder(folder, config, training::Existing::overwrite, hooks);
  return folder;
}

int run(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : trained();
  training::Model model = training::load_model(folder);  // ready for inference
  const Dataset images = model.load_data().test;
  const Batch batch = *DataLoader(images, {.batch = 100}).begin();

  const NoGrad inference;
  const std::vector<std::int32_t> predicted = argmax(model.net(batch.images));
  const auto* const labels = batch.labels.data<std::int32_t>();
  int right = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) right += predicted[i] == labels[i] ? 1 : 0;
  std::cout << model.spec.name << " knows " << right << " of " << predicted.size() << " images\n";

  const std::string copy = folder + "/copy.safetensors";  // which PyTorch reads, too
  training::save_model(copy, model);
  const bool same = argmax(training::load_model(copy).net(batch.images)) == predicted;
  std::filesystem::remove(copy);
  if (!same) std::cout << "the copy answers differently\n";
  if (argc == 1 && right <= 80) std::cout << "it should know more of them than 80\n";
  return same && (argc > 1 || right > 80) ? 0 : 1;
}

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // no such folder, or no run in it
    std::cerr << error.what() << '\n';
    return 1;
  }
}
