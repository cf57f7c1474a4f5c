// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "joule/energy/ledger.h"
#include "joule/parallel/communicator.h"
#include "joule/training/energy/energy_account.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/metrics.h"

// What the ranks of a run find out together.  All of them must call these functions, in the same
// order; each gets the same answer.  With one rank, nothing is sent.
namespace joule::training {

/// evaluate(), with the batches of options.batch images dealt out to the ranks: the same bits as
/// one rank, but for the time in `work`.  options.on_logits and options.on_loss are told this
/// rank's.
///
/// Returns   nothing if `stop` returned true on any rank.
std::optional<Evaluation> evaluate(nn::Net& net, const Dataset& dataset,
                                   const EvaluateOptions& options, parallel::Communicator& ranks);

std::map<Phase, energy::Totals> sum_over(parallel::Communicator& ranks,
                                         const std::map<Phase, energy::Totals>& mine);

/// Whether this rank is the first of its machine: the owner of what counts for all of the machine.
bool is_first_on_host(parallel::Communicator& ranks);

/// The accounting of all ranks' energy.  The meters of each machine are read by the first of its
/// ranks, as each counter counts for the whole machine; those of several machines are added, and
/// then each says whose it is.  Of the other ranks, `accounting` is not used.
///
/// Errors    ArgumentError if there is a budget, and ranks on several machines: no rank could know
///           in time what is spent.
Accounting of_all(Accounting accounting, parallel::Communicator& ranks);

/// The communication of an epoch's steps, of which this rank had `mine`; none if there is one rank.
std::optional<RanksMetrics> communication(parallel::Communicator& ranks,
                                          const parallel::Traffic& mine);

/// Compares what has to be equal on all ranks.
///
/// Errors    ArgumentError that names two ranks, `what`, and both texts.
void require_equal(parallel::Communicator& ranks, const std::string& what, const std::string& mine);

}  // namespace joule::training
