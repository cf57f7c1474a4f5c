// SPDX-License-Identifier: MIT
//
// A net that was trained on image files, and image files that it is shown later.
#include "joule/data/loader.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/image_sets.h"
#include "joule/tests/support/op_test.h"
#include "joule/training/components.h"
#include "joule/training/run/model_file.h"

namespace joule::training {
namespace {

using namespace test;

/// Six images of two classes, of several sizes.
std::string photos(const TemporaryFolder& folder) {
  for (const char* const name :
       {"train/b/1.png", "train/a/1.png", "train/a/2.png", "test/b/1.png", "test/a/1.png"}) {
    const auto width = static_cast<std::uint32_t>(24 + 10 * (name[7] - '0'));
    write(folder / name, png_rgb(width, 40, counting_bytes(std::size_t{width} * 40 * 3, name[6])));
  }
  return folder.path().string();
}

TEST(LoadData, MakesTheImagesOfTheConfiguration) {
  const TemporaryFolder folder;
  Config config{.data = photos(folder), .image_size = 16, .image_fit = "stretch"};
  const DataSplit split = load_data(config);
  EXPECT_EQ(split.train.shape, (Shape{3, 16, 16, 3}));
  EXPECT_EQ(split.train.fit, Fit::stretch);
  EXPECT_EQ(split.train.mean.size(), 3u);
  EXPECT_TRUE(load_data(config, false).train.mean.empty());
  config.image_size = 0;
  config.image_fit = "auto";
  EXPECT_EQ(load_data(config).test.shape, (Shape{2, 64, 64, 3}));
  EXPECT_EQ(load_data(config).test.fit, Fit::crop);
  config.data = "synthetic";
  EXPECT_EQ(load_data(config).train.shape[1], 28);
  config.image_fit = "crop";
  EXPECT_EQ(error_of([&] { load_data(config); }),
            "image_fit: the images of synthetic are all 28x28 and stay as they are");
  config.image_size = 32;
  EXPECT_EQ(error_of([&] { load_data(config); }),
            "image_size: the images of synthetic are all 28x28 and stay as they are");
}

TEST(Model, ShowsAnImageFileAsItWasTrained) {
  const TemporaryFolder folder, run;
  const std::string data = photos(folder);
  for (const char* const fit : {"crop", "stretch"}) {
    const DataSplit split = load_data({.data = data, .image_size = 16, .image_fit = fit});
    Model model = make_model_for("small-cnn", data, split.train);
    save_model(run / "model.safetensors", model);
    const Model loaded = load_model(run / "model.safetensors");
    EXPECT_EQ(loaded.class_names, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(loaded.fit, fit_of(fit));
    // The same bits as the loader's, and as those of the data set that the net loads itself.
    const Batch expected =
        DataLoader(split.test, {.shuffle = false}).make_batch(std::vector<std::int64_t>{0, 1});
    const std::vector<std::string> files = {folder / "test/a/1.png", folder / "test/b/1.png"};
    expect_same_bits(loaded.read_images(files), expected.images);
    const DataLoader again(loaded.load_data().test, {.shuffle = false});
    expect_same_bits(again.make_batch(std::vector<std::int64_t>{0, 1}).images, expected.images);
  }
}

TEST(Model, OfGreyImagesSeesColoursAsLuma) {
  const TemporaryFolder folder;
  Model model{.spec = {.name = "lenet5", .image = 2, .channels = 1, .classes = 10},
              .mean = {0.5f},
              .deviation = {0.25f}};
  const std::string path =
      write(folder / "x.ppm", ppm(2, 2, std::string("\xff\0\0\0\xff\0\0\0\xff\xff\xff\xff", 12)));
  const Tensor image = model.read_images({&path, 1});
  EXPECT_EQ(image.shape(), (Shape{1, 2, 2, 1}));
  const int luma[] = {76, 150, 29, 255};
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(image.data<float>()[i], (luma[i] / 255.0 - 0.5) / 0.25, 1e-6);
  }
}

TEST(LoadModel, RefusesBadNamesOfClasses) {
  const TemporaryFolder folder;
  const DataSplit split = load_data({.data = photos(folder), .image_size = 16});
  Model model = make_model_for("small-cnn", "x", split.train);
  model.class_names = {"a", "b", "c"};
  const std::string path = folder / "model.safetensors";
  save_model(path, model);
  EXPECT_EQ(data_error_of([&] { load_model(path); }),
            path + R"(: the metadata's 'class_names' cannot be '["a","b","c"]')");
}

/// A layer that no file can describe.
class Own final : public nn::Module {
 public:
  std::string describe() const override { return "Own()"; }

 private:
  Tensor forward(Tensor x) override { return x; }
};

TEST(SaveModel, RefusesWhatCouldNotBeLoadedAgain) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  const auto net = [] { return nn::Sequential(nn::Flatten(), nn::Linear(4, 10)); };
  const auto refusal = [&](ModelSpec spec, nn::Net of, std::vector<float> mean = {0},
                           std::vector<float> deviation = {1}) {
    Model model{
        .spec = std::move(spec), .net = std::move(of), .mean = mean, .deviation = deviation};
    return test::error_of([&] { save_model(path, model); });
  };
  const ModelSpec spec{.name = "mine", .image = 2, .channels = 1, .classes = 10};
  EXPECT_EQ(refusal(spec, net(), {}),
            "save_model: mean has 0 values, expected one for each of the 1 channels, as "
            "measure_normalization() gives them");
  EXPECT_EQ(refusal(spec, net(), {0}, {0}), "save_model: a deviation is not positive");
  EXPECT_EQ(refusal({.name = "mine", .image = 2, .channels = 1, .classes = 7}, net()),
            "save_model: the spec says images [2,2,1] and 7 classes, the net takes images [2,2,1] "
            "and knows 10");
  EXPECT_EQ(
      refusal(spec, nn::Sequential(nn::Flatten(), Own(), nn::Linear(4, 10))),
      "save_model: mine has a layer of its own kind, which no file can hold: give the layer a "
      "spec() and its kind a name with register_kind(), or save the weights alone with "
      "save_safetensors()");
  EXPECT_TRUE(refusal({.name = "lenet5", .image = 28, .channels = 1, .classes = 10},
                      nn::Sequential(nn::Flatten(), nn::Linear(784, 10)))
                  .starts_with("net: it is named lenet5, but is another one ("));
  EXPECT_FALSE(std::filesystem::exists(path));
  Model model{.spec = spec, .net = net(), .mean = {0}, .deviation = {1}};
  save_model(path, model);
  EXPECT_EQ(load_model(path).spec.name, "mine");
}

}  // namespace
}  // namespace joule::training
