#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# scripts/release.sh check      whether all files state one version: CMakeLists.txt, CITATION.cff, the vcpkg port
# scripts/release.sh VERSION    makes a release of the branch main, such as 0.2.0
#
# A release is made in a clone: the version is written into these files and, with today's date, into CHANGELOG.md; that is
# committed, .ci/run must pass on it, and it is tagged vVERSION.  Then main goes forward to it.  Before that nothing changes
# here, whatever fails.  Nothing is pushed.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "release: $1" >&2; exit 1; }

# What a file under a folder says that the version is.
in_cmake() { sed -n 's/^project(joule VERSION \([0-9.]*\).*/\1/p' "$1/CMakeLists.txt"; }
in_citation() { sed -n 's/^version: *//p' "$1/CITATION.cff"; }
in_vcpkg() { sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$1/packaging/vcpkg/joule/vcpkg.json"; }

check() {
  local version
  version=$(in_cmake "$1")
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "CMakeLists.txt states the version '$version', expected x.y.z"
  [[ $(in_citation "$1") == "$version" ]] || fail "CITATION.cff states the version '$(in_citation "$1")', CMakeLists.txt $version"
  [[ $(in_vcpkg "$1") == "$version" ]] || fail "packaging/vcpkg/joule/vcpkg.json states the version '$(in_vcpkg "$1")', CMakeLists.txt $version"
  grep -q '^## \[Unreleased\]$' "$1/CHANGELOG.md" || fail "CHANGELOG.md has no line '## [Unreleased]'"
}

# The lines of CHANGELOG.md under Unreleased.
unreleased() { awk '/^## \[/ {inside = $0 == "## [Unreleased]"; next} inside' CHANGELOG.md; }

set_version() {  # set_version <folder> <version>
  sed -i "s/^project(joule VERSION [0-9.]*/project(joule VERSION $2/" "$1/CMakeLists.txt"
  sed -i "s/^version: .*/version: $2/" "$1/CITATION.cff"
  sed -i "s/^\( *\"version\": \)\".*\",$/\1\"$2\",/" "$1/packaging/vcpkg/joule/vcpkg.json"
  sed -i "s/find_package(joule [0-9][0-9.]*/find_package(joule ${2%.*}/; s/libjoule[0-9][0-9.]*/libjoule${2%.*}/; s/\(libjoule_core.so\.\)[0-9]*\.[0-9]*/\1${2%.*}/" \
    "$1/docs/packaging.md"
  sed -i -e "s/^## \[Unreleased\]$/## [Unreleased]\n\n## [$2] - $(date -u +%Y-%m-%d)/" -e '/^What will be [0-9.]*\.$/,+1d' "$1/CHANGELOG.md"
}

release() {
  local version=$1 now  # and not the clone, which goes when all ends
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "'$version' is no version, expected x.y.z"
  [[ $(git symbolic-ref --quiet --short HEAD || true) == main ]] || fail "this is not the branch main"
  [[ -z $(git status --porcelain) ]] || fail "the tree is not clean: commit or remove what git status shows"
  check .
  now=$(in_cmake .)
  git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null && fail "there is a tag v$version already"
  [[ $(printf '%s\n' "$now" "$version" | sort -V | tail -1) == "$version" ]] || fail "$version comes before $now, which CMakeLists.txt states"
  unreleased | grep -q '^- ' || fail "CHANGELOG.md says nothing under Unreleased"

  clone=$(mktemp -d)
  trap 'rm -rf "$clone"' EXIT
  git clone --quiet --branch main . "$clone/joule"
  for name in user.name user.email; do
    git -C "$clone/joule" config "$name" "$(git config "$name" || fail "git config $name is not set")"
  done
  set_version "$clone/joule" "$version"
  check "$clone/joule"
  git -C "$clone/joule" commit --quiet --all --message "release: $version"
  echo "release: .ci/run on what would be $version"
  "$clone/joule/.ci/run" || fail ".ci/run failed (above): nothing was released, and nothing was changed here"
  git -C "$clone/joule" tag --annotate "v$version" --message "Joule $version"
  git pull --quiet --ff-only --tags "$clone/joule" main
  echo "release: main is now $version, tagged v$version.  To publish it: git push origin main v$version; make package"
}

case ${1:-} in
  check) check . ;;
  [0-9]*) release "$1" ;;
  *) echo "usage: scripts/release.sh check|VERSION" >&2; exit 2 ;;
esac
