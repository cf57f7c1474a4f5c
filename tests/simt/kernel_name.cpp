// SPDX-License-Identifier: MIT
//
// The names of kernels.  dladdr() knows those that a program exports only, and kernels are not.
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "joule/tests/simt/block.h"

namespace joule::simt {
namespace {

std::string demangled(const char* symbol) {
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(symbol, nullptr, nullptr, nullptr), std::free);
  return name ? name.get() : symbol;
}

/// The function at this address of the program or library, by its table of symbols; "" without one.
std::string symbol_of(const std::string& file, std::uint64_t address) {
  std::ifstream in(file, std::ios::binary);
  const std::string elf{std::istreambuf_iterator<char>(in), {}};
  const auto read = [&]<class T>(std::size_t offset, T value) {
    if (offset + sizeof value <= elf.size()) std::memcpy(&value, &elf[offset], sizeof value);
    return value;
  };
  const auto header = read(0, Elf64_Ehdr{});
  const auto section = [&](std::size_t number) {
    return read(header.e_shoff + number * sizeof(Elf64_Shdr), Elf64_Shdr{});
  };
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr table = section(i);
    if (table.sh_type != SHT_SYMTAB) continue;
    const Elf64_Shdr names = section(table.sh_link);
    for (std::size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read(table.sh_offset + at, Elf64_Sym{});
      if (symbol.st_value == address && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
        return demangled(elf.c_str() + names.sh_offset + symbol.st_name);
    }
  }
  return {};
}

}  // namespace

std::string name_of_kernel(const void* kernel) {
  Dl_info info{};
  if (dladdr(kernel, &info) != 0) {
    if (info.dli_sname && info.dli_saddr == kernel) return demangled(info.dli_sname);
    const auto address = reinterpret_cast<std::uint64_t>(kernel);
    const auto base = reinterpret_cast<std::uint64_t>(info.dli_fbase);
    // The program's file may have been given by a path of its own; addresses may be absolute.
    for (const std::string& file : {std::string(info.dli_fname), std::string("/proc/self/exe")})
      for (const std::uint64_t value : {address - base, address})
        if (std::string name = symbol_of(file, value); !name.empty()) return name;
  }
  return fmt::format("the kernel at {}", kernel);
}

}  // namespace joule::simt
