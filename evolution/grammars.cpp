// SPDX-License-Identifier: MIT
//
// Joule's own grammars, in ranges for images of 28 to 32 pixels a side.
#include <algorithm>
#include <array>

#include "joule/core/error.h"
#include "joule/evolution/grammar.h"
#include "joule/io/nearest.h"

namespace joule::evolution {
namespace {

constexpr std::string_view kDefault =
    R"(<features> ::= <convolution> | <convolution> | <pooling> | <pooling> | <dropout> | <batch_norm>
<convolution> ::= layer:conv [out_channels,int,1,8,64] [kernel_size,int,1,2,5] [stride,int,1,1,3] <padding> <activation> <bias>
<pooling> ::= <pool_type> [kernel_size,int,1,2,5] [stride,int,1,1,3] <padding>
<pool_type> ::= layer:pool_avg | layer:pool_max
<batch_norm> ::= layer:batch_norm
<padding> ::= padding:same | padding:valid
<dropout> ::= layer:dropout [rate,float,1,0,0.7]
<classification> ::= <fully_connected> | <dropout>
<fully_connected> ::= layer:fc <activation> [out_features,int,1,32,512] <bias>
<activation> ::= act:linear | act:relu | act:sigmoid
<bias> ::= bias:True | bias:False
<softmax> ::= layer:fc act:softmax out_features:10 bias:True
<learning> ::= <optimiser> [early_stop,int,1,5,20] [batch_size,int,1,32,512] epochs:10000
<optimiser> ::= <lars> | <gradient_descent> | <rmsprop> | <adam>
<gradient_descent> ::= learning:gradient_descent [lr,float,1,0.0001,0.1] [momentum,float,1,0.68,0.99] [weight_decay,float,1,0.000001,0.001] <nesterov>
<nesterov> ::= nesterov:True | nesterov:False
<adam> ::= learning:adam [lr,float,1,0.0001,0.1] [beta1,float,1,0.5,0.9999] [beta2,float,1,0.5,0.9999] [weight_decay,float,1,0.000001,0.001]
<rmsprop> ::= learning:rmsprop [lr,float,1,0.0001,0.1] [alpha,float,1,0.5,0.9999] [weight_decay,float,1,0.000001,0.001]
<lars> ::= learning:lars [lr_weights,float,1,0.05,0.35] [lr_biases,float,1,0.001,0.01] [momentum,float,1,0.7,0.9] [weight_decay,float,1,0.0000001,0.00001]
<model_partition> ::= model_partition:_ [partition_point,int,1,0,_]
)";

constexpr std::string_view kFastDenser =
    R"(<features> ::= <convolution> | <convolution> | <pooling> | <pooling> | <dropout> | <batch-norm>
<convolution> ::= layer:conv [num-filters,int,1,32,256] [filter-shape,int,1,2,5] [stride,int,1,1,3] <padding> <activation> <bias>
<pooling> ::= <pool-type> [kernel-size,int,1,2,5] [stride,int,1,1,3] <padding>
<pool-type> ::= layer:pool-avg | layer:pool-max
<batch-norm> ::= layer:batch-norm
<padding> ::= padding:same | padding:valid
<dropout> ::= layer:dropout [rate,float,1,0,0.7]
<classification> ::= <fully-connected> | <dropout>
<fully-connected> ::= layer:fc <activation> [num-units,int,1,128,2048] <bias>
<activation> ::= act:linear | act:relu | act:sigmoid
<bias> ::= bias:True | bias:False
<softmax> ::= layer:fc act:softmax num-units:10 bias:True
<learning> ::= <optimiser> [early_stop,int,1,5,20] [batch_size,int,1,50,500] epochs:10000
<optimiser> ::= <gradient-descent> | <rmsprop> | <adam>
<gradient-descent> ::= learning:gradient-descent [lr,float,1,0.0001,0.1] [momentum,float,1,0.68,0.99] [decay,float,1,0.000001,0.001] <nesterov>
<nesterov> ::= nesterov:True | nesterov:False
<adam> ::= learning:adam [lr,float,1,0.0001,0.1] [beta1,float,1,0.5,0.9999] [beta2,float,1,0.5,0.9999] [decay,float,1,0.000001,0.001]
<rmsprop> ::= learning:rmsprop [lr,float,1,0.0001,0.1] [rho,float,1,0.5,0.9999] [decay,float,1,0.000001,0.001]
)";

/// The default with a few of its texts replaced: each must be there.
std::string with(std::string text, std::initializer_list<std::array<std::string_view, 2>> changes) {
  for (const auto& [from, to] : changes) {
    const std::size_t at = text.find(from);
    require(at != std::string::npos, "grammar: there is no ", from);
    text.replace(at, from.size(), to);
  }
  return text;
}

const std::string& zero_aware() {
  static const std::string text =
      with(std::string(kDefault), {{"act:linear | act:relu | act:sigmoid",
                                    "act:linear | <relu> | <relu> | act:sigmoid\n"
                                    "<relu> ::= act:relu [threshold,float,1,0,0.5]"},
                                   {"<optimiser> [early_stop", "<optimiser> <zeros> [early_stop"},
                                   {"<optimiser> ::=",
                                    "<zeros> ::= l0_lambda:0 | [l0_lambda,float,1,0.001,1]\n"
                                    "<optimiser> ::="}});
  return text;
}

}  // namespace

std::string_view grammar_text(std::string_view name) {
  require_one_of("grammar", name, grammar_names());
  if (name == "fast-denser") return kFastDenser;
  return name == "zero-aware" ? std::string_view(zero_aware()) : kDefault;
}

std::vector<std::string> grammar_names() { return {"default", "fast-denser", "zero-aware"}; }

}  // namespace joule::evolution
