// SPDX-License-Identifier: MIT
#include <joule/joule.h>

int main() {
  joule::nn::Linear layer(4, 2);
  return layer(joule::Tensor::zeros({3, 4})).shape() == joule::Shape{3, 2} ? 0 : 1;
}
