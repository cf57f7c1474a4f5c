// SPDX-License-Identifier: MIT
#include <array>

#include "joule/core/error.h"
#include "joule/course/lesson.h"
#include "joule/course/truths.h"

namespace joule::course {
namespace {

const std::array kLessons{
    Lesson{
        .number = 1,
        .title = "Tensors and a MAC",
        .goal = "Say what a tensor is, count the multiply-accumulates of a layer by hand, and "
                "find the same number in Joule's ledger.",
        .page = "01-tensors.md",
        .program = "01_mac",
        .commands = {"joule summary --model small-cnn"},
        .questions =
            {{.key = "a",
              .text = "A 3x3 convolution without padding takes an image of 28x28 pixels from 1 "
                      "channel to 16. How many MACs does it need for one image?",
              .truth = truth::macs_without_padding,
              .hint = "without padding the output has fewer pixels than the image",
              .solution = "26 x 26 pixels, 9 taps, 1 x 16 channels"},
             {.key = "b",
              .text = "The same convolution with a padding of 1, counted as Joule counts it: how "
                      "many MACs?",
              .truth = truth::macs_with_padding,
              .hint = "a tap outside the image is no MAC: the border has fewer",
              .solution = "along a side 28 x 3 - 2 = 82 taps are inside: 82 x 82 x 16"},
             {.key = "c",
              .text = "A linear layer takes 784 numbers to 10 and has biases. How many bytes are "
                      "its parameters in float32?",
              .unit = "bytes",
              .truth = truth::bytes_of_linear,
              .hint = "weights and biases, 4 bytes each",
              .solution = "(784 x 10 + 10) x 4"}}},
    Lesson{.number = 2,
           .title = "Gradients, by hand and by tape",
           .goal = "Compute a gradient with pencil and paper, check it in two ways, and walk "
                   "downhill with it.",
           .page = "02-gradients.md",
           .program = "02_gradients",
           .questions =
               {{.key = "a",
                 .text = "The loss is (3 w - 6)^2. What is its gradient at w = 1?",
                 .truth = truth::gradient_by_tape,
                 .tolerance = 0.001,
                 .hint = "the chain rule: twice the bracket, times what w is multiplied by",
                 .solution = "2 x (3 - 6) x 3"},
                {.key = "b",
                 .text = "One step of gradient descent from w = 1 with a learning rate of 0.05: "
                         "what is w now?",
                 .truth = truth::weight_after_step,
                 .tolerance = 0.001,
                 .hint = "go against the gradient: w - rate x gradient",
                 .solution = "1 - 0.05 x (-18)"},
                {.key = "c",
                 .text = "From which learning rate on does gradient descent no longer come closer "
                         "to the minimum of this loss?",
                 .truth = truth::largest_rate,
                 .tolerance = 0.01,
                 .hint = "a step multiplies the distance to the minimum, w - 2, by 1 - 18 x rate",
                 .solution = "|1 - 18 x rate| = 1 at rate = 2 / 18"}}},
    Lesson{
        .number = 3,
        .title = "A net that learns",
        .goal = "Train a net on Fashion-MNIST, read its page, and tell learning from "
                "learning by heart.",
        .page = "03-learning.md",
        .program = "03_learning",
        .commands = {"joule train --model lenet5 --data fashion-mnist --limit 6000 --epochs 3 "
                     "--out runs/lesson3"},
        .questions =
            {{.key = "a",
              .text = "A net gives each of ten classes the same probability. What is its "
                      "cross-entropy?",
              .truth = truth::loss_of_guessing,
              .tolerance = 0.01,
              .hint = "the negative natural logarithm of the right class's probability",
              .solution = "-ln(1 / 10)"},
             {.key = "b",
              .text = "Of 6000 training images a tenth is held back for validation. How many "
                      "steps has an epoch with batches of 128?",
              .truth = truth::steps_of_an_epoch,
              .hint = "only nine tenths are trained on; the last batch may be smaller, and "
                      "is a step, too",
              .solution = "5400 / 128 = 42.2, so 43"},
             {.key = "c",
              .text = "A net knows 850 of 1000 test images. How wide is the 95 % interval of its "
                      "accuracy: plus or minus how many percentage points?",
              .unit = "points",
              .truth = truth::interval_of_accuracy,
              .tolerance = 0.03,
              .hint = "1.96 standard errors; that of a share p of n is sqrt(p (1 - p) / n)",
              .solution = "100 x 1.96 x sqrt(0.85 x 0.15 / 1000)"}}},
    Lesson{.number = 4,
           .title = "Where time and energy go",
           .goal = "Find out of every layer whether arithmetic or memory holds it up, and where "
                   "its joules go.",
           .page = "04-roofline.md",
           .program = "04_roofline",
           .commands = {"joule profile --model lenet5 --input 28x28x1 --classes 10 --batch 32 "
                        "--steps 3 --meter "
                        "none"},
           .questions =
               {{.key = "a",
                 .text = "A 3x3 convolution with a padding of 1 takes one image of 14x14 pixels "
                         "from 16 channels to 32. How many MACs does it make per byte moved, if "
                         "image, weights, biases and output each move once?",
                 .unit = "MACs per byte",
                 .truth = truth::intensity_of_convolution,
                 .tolerance = 0.01,
                 .hint = "MACs inside the image, over 4 bytes for each value in and out",
                 .solution = "(40 x 40 x 16 x 32) / (4 x (3136 + 4608 + 32 + 6272))"},
                {.key = "b",
                 .text = "A machine makes 50 billion MACs a second and moves 10 billion bytes a "
                         "second. At how many MACs per byte does its roof bend?",
                 .unit = "MACs per byte",
                 .truth = truth::bend_of_the_roof,
                 .tolerance = 0.01,
                 .hint = "where both take the same time",
                 .solution = "50 / 10"},
                {.key = "c",
                 .text = "By the constants of horowitz45, how many MACs cost as much energy as "
                         "moving one byte?",
                 .unit = "MACs",
                 .truth = truth::macs_of_a_byte,
                 .tolerance = 0.01,
                 .hint = "joule energy --cost-models shows both constants",
                 .solution = "243.75 pJ / 4.6 pJ"}}},
    Lesson{
        .number = 5,
        .title = "Zeros: dense, masked, skipped",
        .goal = "Write a kernel that skips zeros, prove it right by its table, and find the "
                "density from which on it is worth it.",
        .page = "05-zeros.md",
        .program = "05_zeros",
        .commands = {"joule bench conv --shapes 16x32x14 --batch 8 --density 0.1,0.5,1 "
                     "--passes forward"},
        .questions =
            {{.key = "a",
              .text = "x has 1000 values, of which 250 are not zero; w has 1000 rows of 256. How "
                      "many MACs does a kernel execute that skips every zero of x?",
              .truth = truth::macs_of_skipping,
              .hint = "each value of x that is not zero meets one row of w",
              .solution = "250 x 256"},
             {.key = "b",
              .text = "For this product a dense kernel needs 0.1 ns for each of its 256,000 "
                      "MACs. One that skips needs 0.13 ns for each MAC that it executes, and 400 "
                      "ns to look through x. Below which percentage of non-zeros is it faster?",
              .unit = "%",
              .truth = truth::break_even,
              .tolerance = 0.01,
              .hint = "set both times equal, and solve for the share of non-zeros",
              .solution = "0.1 x 256000 = 0.13 x 256000 x d + 400"},
             {.key = "c",
              .text = "A masked kernel multiplies every zero of x by its mask, and then by its "
                      "row of w. x has 250 non-zeros of 1000. How many MACs does it skip?",
              .truth = truth::macs_skipped_by_masking,
              .hint = "what is multiplied by zero is still multiplied",
              .solution = "none: skippable is not skipped"}}},
    Lesson{.number = 6,
           .title = "The L0 penalty and the front",
           .goal = "Make a net put out zeros, pay for it in accuracy, and choose on the front "
                   "between the two.",
           .page = "06-penalty.md",
           .program = "06_penalty",
           .commands = {"joule study eat --model lenet5 --limit 4000 --epochs 2 --lambda 0.3,1,3 "
                        "--sigma 1e-4 --seeds 1 --lr 0.03 --out runs/lesson6"},
           .questions =
               {{.key = "a",
                 .text = "What is the smooth L0 norm of the values 0, 0.01, 0.1 and 1 with sigma = "
                         "0.0001?",
                 .truth = truth::smooth_l0_of_values,
                 .tolerance = 0.005,
                 .hint = "a value counts 0 if it is 0, a half if its square is sigma, nearly 1 if "
                         "it is large",
                 .solution = "0 + 0.5 + 0.990 + 0.9999"},
                {.key = "b",
                 .text = "How steep is the smooth L0 norm with sigma = 0.0001 at the value 0.01?",
                 .truth = truth::slope_of_smooth_l0,
                 .tolerance = 0.01,
                 .hint = "take the derivative of the formula by v, with the quotient rule",
                 .solution = "2 x 0.0001 x 0.01 / 0.0002^2"},
                {.key = "c",
                 .text = "Five nets by accuracy in percent and millions of MACs executed: A 91.8, "
                         "11.0; B 91.2, 5.4; C 91.0, 6.6; D 89.7, 2.5; E 89.4, 2.9. Which are on "
                         "the front?",
                 .truth = truth::nets_on_the_front,
                 .hint = "a net is on the front unless another is at least as good in both, and "
                         "better in one",
                 .solution = "B beats C in both, D beats E in both"}}},
    Lesson{
        .number = 7,
        .title = "What an accelerator's model says, and what it hides",
        .goal = "Compute a published accelerator energy yourself, and name three things that "
                "its figure cannot tell.",
        .page = "07-accelerator.md",
        .program = "07_accelerator",
        .commands = {"joule energy --cost-models",
                     "joule energy --model lenet5 --input 28x28x1 --classes 10 --relu-density "
                     "0.3 --batch 16"},
        .questions =
            {{.key = "a",
              .text = "A net is one linear layer from 100 numbers to 10, with biases. What is "
                      "E_worst of one image by the model sponge, in nanojoules?",
              .unit = "nJ",
              .truth = truth::worst_energy_of_linear,
              .tolerance =
                  0.005,
              .hint = "1950 pJ for each parameter, input and output, 3.7 pJ for each operation",
              .solution = "1950 x (1010 + 100 + 10) + 3.7 x 1000 pJ"},
             {.key = "b",
              .text = "Which percentage of that energy is arithmetic?",
              .unit = "%",
              .truth = truth::share_of_arithmetic,
              .tolerance = 0.01,
              .hint = "3.7 pJ for each of the 1000 operations, over the whole",
              .solution = "100 x 3700 / 2187700"},
             {.key = "c",
              .text = "A depthwise 3x3 convolution (64 channels, 64 groups, padding 1) reads one "
                      "image of 16x16 pixels. How many times as many operations does the model "
                      "count as there are MACs?",
              .truth = truth::overcount_of_depthwise,
              .tolerance = 0.01,
              .hint = "the model ignores groups, and multiplies the padding",
              .solution = "16 x 16 x 64 x 9 x 64 / (46 x 46 x 64)"}}},
    Lesson{
        .number = 8,
        .title = "Meters and doubt",
        .goal = "Read a counter of energy, subtract what the machine would have drawn anyway, "
                "and state how sure the rest is.",
        .page = "08-meters.md",
        .program = "08_meters",
        .commands = {"joule info", "joule meter --meter replay:recording.jsonl -- true"},
        .questions =
            {{.key = "a",
              .text = "A counter in microjoules shows 5,000,000 at 10 s and 21,000,000 at 12 s. "
                      "The idle machine draws 3 W. What did the program cost beyond that?",
              .unit = "J",
              .truth = truth::dynamic_energy,
              .tolerance = 0.001,
              .hint = "dynamic is gross minus idle power times duration",
              .solution = "16 J - 3 W x 2 s"},
             {.key = "b",
              .text = "A counter moves every 0.1 s. When you read it, it does not show what was "
                      "drawn since it last moved. How many joules is that at most, at 8 W?",
              .unit = "J",
              .truth = truth::doubt_of_the_edges,
              .tolerance = 0.01,
              .hint = "power times the longest time since it moved",
              .solution = "0.1 s x 8 W"},
             {.key = "c",
              .text = "A counter of 32 bits counts in steps of 2^-14 J. After how many seconds at "
                      "40 W does it begin anew?",
              .unit = "s",
              .truth = truth::seconds_until_the_wrap,
              .tolerance = 0.01,
              .hint = "2^32 steps of 2^-14 J are 2^18 J",
              .solution = "262144 J / 40 W"}}},
    Lesson{
        .number = 9,
        .title = "Searching costs energy, too",
        .goal = "Account for a search as for a training, stop hopeless settings early, and say "
                "when a search has paid for itself.",
        .page = "09-search.md",
        .program = "09_search",
        .commands = {"joule study hpo --model dense-poly-2 --strategy random --rounds 6 --seeds 1 "
                     "--epochs 2 --limit 2000 --out runs/lesson9"},
        .questions =
            {{.key = "a",
              .text = "A search trains 20 nets for 30 J each. The net that it finds saves 2 mJ in "
                      "every inference. After how many inferences has the search paid for "
                      "itself?",
              .truth = truth::inferences_until_it_pays,
              .hint = "all trainings count, not only the one that won",
              .solution = "600 J / 0.002 J"},
             {.key = "b",
              .text = "Eight nets train for 1 epoch; the better half of them for 1 more, the "
                      "better half of those for 2 more, and the last one for 4 more. Which "
                      "percentage is that of the epochs of eight nets that train for 8 each?",
              .unit = "%",
              .truth = truth::share_of_halving,
              .tolerance = 0.005,
              .hint = "add up the epochs of each round: how many nets are left, times how many "
                      "epochs each trains in it",
              .solution = "100 x 20 / 64"},
             {.key = "c",
              .text = "One setting in twenty is good. How many must be drawn at random to have "
                      "drawn a good one with a probability of at least 95 %?",
              .truth = truth::draws_until_a_good_one,
              .hint = "the probability that n draws are all bad is 0.95^n",
              .solution = "the first n with 0.95^n <= 0.05"}}},
    Lesson{.number = kProject,
           .title = "Project: a net under a joule budget",
           .goal = "Halve the modelled energy of the inference of a trained net, at a cost of at "
                   "most one point of accuracy.",
           .page = "10-project.md",
           .program = "10_budget",
           .commands = {"joule train --model small-cnn --limit 6000 --epochs 2 --out runs/standard",
                        "joule train --net mine.json --limit 6000 --epochs 2 --out runs/mine"}}};

}  // namespace

std::span<const Lesson> lessons() { return kLessons; }

const Lesson& lesson(std::int64_t number) {
  require(number >= 1 && number <= std::ssize(kLessons), "lesson: expected 1 to ", kLessons.size(),
          ", got ", number);
  return kLessons[static_cast<std::size_t>(number - 1)];
}

}  // namespace joule::course
