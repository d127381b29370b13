// Exceptions of the core. std::invalid_argument becomes ValueError and std::bad_alloc MemoryError by
// themselves; these two carry what Python's own exceptions carry.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace fastqwem {

// Becomes OSError(errno, strerror, path).
class IoError : public std::runtime_error {
 public:
  IoError(int code, std::string path)
      : std::runtime_error(std::string(std::strerror(code)) + ": " + path), code_(code), path_(std::move(path)) {}
  int code() const { return code_; }
  const std::string& path() const { return path_; }

 private:
  int code_;
  std::string path_;
};

// Becomes fastqwem.errors.CorpusError: the text itself is at fault, and the message says where.
class CorpusError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fastqwem
