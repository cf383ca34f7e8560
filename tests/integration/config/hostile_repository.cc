#include "tests/integration/config/hostile_repository.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace fleetcast::config::testing {
namespace {

void Check(bool done, const char* what) {
  if (done) return;
  const git_error* error = git_error_last();
  std::fprintf(stderr, "%s: %s\n", what, error != nullptr ? error->message : "failed");
  std::abort();
}

std::string HexOf(const unsigned char* bytes, std::size_t count) {
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    hex += digits;
  }
  return hex;
}

std::string BytesOf(const std::string& id) {
  git_oid oid;
  Check(git_oid_fromstr(&oid, id.c_str()) == 0, "an id");
  return {reinterpret_cast<const char*>(oid.id), GIT_OID_RAWSZ};
}

// Compresses into a file what it is fed, and hashes it.
class LooseObjectWriter {
 public:
  explicit LooseObjectWriter(const std::string& path) : file_(path, std::ios::binary) {
    Check(deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, 15, 8, Z_RLE) == Z_OK, "deflateInit2");
    Check(EVP_DigestInit_ex(digest_.get(), EVP_sha1(), nullptr) == 1, "SHA-1");
  }

  void Feed(const std::string& bytes, bool last) {
    Check(EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size()) == 1, "SHA-1");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_);
      stream_.avail_out = sizeof buffer_;
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      file_.write(buffer_, static_cast<std::streamsize>(sizeof buffer_ - stream_.avail_out));
    } while (stream_.avail_out == 0);
  }

  std::string Finish() {
    deflateEnd(&stream_);
    file_.close();
    unsigned char hash[GIT_OID_RAWSZ];
    EVP_DigestFinal_ex(digest_.get(), hash, nullptr);
    return HexOf(hash, sizeof hash);
  }

 private:
  std::ofstream file_;
  z_stream stream_ = {};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest_{EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free};
  char buffer_[1 << 16] = {};
};

}  // namespace

HostileRepository::HostileRepository(const std::string& path) : path_(path) {
  git_libgit2_init();
  Check(Take(repository_, git_repository_open, path.c_str()) == 0, "opening the repository");
}

HostileRepository::~HostileRepository() {
  repository_.reset();
  git_libgit2_shutdown();
}

std::string HostileRepository::Write(git_object_t type, const std::string& bytes) {
  OdbHandle odb;
  git_oid id;
  Check(Take(odb, git_repository_odb, repository_.get()) == 0, "the object store");
  Check(git_odb_write(&id, odb.get(), bytes.data(), bytes.size(), type) == 0, "writing");
  return HexOf(id.id, GIT_OID_RAWSZ);
}

std::string HostileRepository::Blob(const std::string& text) {
  return Write(GIT_OBJECT_BLOB, text);
}

std::string HostileRepository::Tree(const std::vector<RawEntry>& entries) {
  std::string bytes;
  for (const RawEntry& entry : entries)
    bytes += entry.mode + " " + entry.name + '\0' + BytesOf(entry.id);
  return Write(GIT_OBJECT_TREE, bytes);
}

std::string HostileRepository::Commit(const std::string& branch, const std::string& tree,
                                      const std::string& parent) {
  const std::string who = "Test <test@example.com> 1765238400 +0000";
  const std::string id =
      Write(GIT_OBJECT_COMMIT, "tree " + tree + (parent.empty() ? "" : "\nparent " + parent) +
                                   "\nauthor " + who + "\ncommitter " + who + "\n\nA commit\n");
  Point("refs/heads/" + branch, id);
  return id;
}

std::string HostileRepository::CommitFleet(const std::string& branch, const std::string& master,
                                           const std::vector<RawEntry>& plants,
                                           const std::string& parent) {
  const std::string config =
      Tree({{"40000", "plants", Tree(plants)}, {"100644", "plants_circuits.yml", master}});
  return Commit(branch, Tree({{"40000", "config", config}}), parent);
}

std::string HostileRepository::Tag(const std::string& name, const std::string& target,
                                   const std::string& type) {
  const std::string id =
      Write(GIT_OBJECT_TAG, "object " + target + "\ntype " + type + "\ntag " + name +
                                "\ntagger Test <test@example.com> 1765238400 "
                                "+0000\n\nA tag\n");
  Point("refs/tags/" + name, id);
  return id;
}

std::string HostileRepository::BlobOfZeros(std::uint64_t bytes) {
  const std::filesystem::path objects = std::filesystem::path(path_) / "objects";
  LooseObjectWriter writer((objects / "new").string());
  writer.Feed("blob " + std::to_string(bytes) + '\0', false);
  const std::string zeros(1 << 20, '\0');
  for (std::uint64_t left = bytes / zeros.size(); left > 0; --left) writer.Feed(zeros, left == 1);
  const std::string id = writer.Finish();
  std::filesystem::create_directories(objects / id.substr(0, 2));
  std::filesystem::rename(objects / "new", objects / id.substr(0, 2) / id.substr(2));
  return id;
}

void HostileRepository::Point(const std::string& reference, const std::string& id) {
  const std::filesystem::path path = std::filesystem::path(path_) / reference;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << id << "\n";
}

}  // namespace fleetcast::config::testing
