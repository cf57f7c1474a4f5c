// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace joule::study {

/// The kernel's number of the type of the file system that holds an existing path (statfs' f_type);
/// none if it cannot be asked.
std::optional<long> file_system_type(const std::string& path);

/// Why SQLite must not be used for a file there: "NFS", the name of a file system that several
/// machines mount; empty if it is none of those that are known.  The file need not exist; its
/// folder counts then.  SQLite's log of writes (WAL) is shared through memory, which two machines
/// do not share: studies would be damaged in silence.
///
/// Source    sqlite.org/wal.html ("All processes using a database must be on the same host
///           computer"); linux/magic.h and the sources of the file systems.
std::string network_file_system(
    const std::string& path,
    const std::function<std::optional<long>(const std::string&)>& type_of = file_system_type);

}  // namespace joule::study
