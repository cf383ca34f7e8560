#include "services/config/git/remote.h"

#include <git2.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {
namespace {

using RemoteHandle = std::unique_ptr<git_remote, GitDeleter<git_remote_free>>;
namespace fs = std::filesystem;

enum class Transport { kFile, kHttp, kHttps, kSsh, kUnknown };

Transport TransportOf(const std::string& url) {
  if (absl::StartsWith(url, "https://")) return Transport::kHttps;
  if (absl::StartsWith(url, "http://")) return Transport::kHttp;
  if (absl::StartsWith(url, "file:///")) return Transport::kFile;
  if (absl::StartsWith(url, "ssh://")) return Transport::kSsh;
  const bool like_scp = url.find("://") == std::string::npos && url.find('@') < url.find(':') &&
                        url.find(':') != std::string::npos;
  return like_scp ? Transport::kSsh : Transport::kUnknown;
}

// "user:password@host:443" of an URL with `://`.
std::string AuthorityOf(const std::string& url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string::npos) return "";
  return url.substr(begin + 3, url.find('/', begin + 3) - begin - 3);
}

bool HoldsPassword(const std::string& url) {
  const std::string authority = AuthorityOf(url);
  const std::size_t at = authority.rfind('@');
  if (at == std::string::npos) return false;
  // A lone name before https' host is a token as often as not.
  return TransportOf(url) != Transport::kSsh || authority.find(':') < at;
}

absl::Status BadSetting(const std::string& setting, const std::string& what) {
  return Refused(absl::StatusCode::kFailedPrecondition, "REMOTE_SETTINGS",
                 absl::StrCat("setting ", setting, ": ", what), {{"setting", setting}});
}

absl::Status CheckFile(const std::string& setting, const std::string& path) {
  if (std::ifstream(path).good() && !fs::is_directory(path)) return absl::OkStatus();
  return BadSetting(setting, absl::StrCat("cannot read ", path,
                                          "; name a file that this user may "
                                          "read"));
}

// What the callbacks of one fetch need.
struct Access {
  const RemoteOptions& remote;
  std::string token;
  int asked = 0;  // how often credentials were asked for: a second time they were wrong
};

int GiveCredentials(git_credential** credential, const char* url, const char* username_from_url,
                    unsigned allowed, void* payload) {
  Access& access = *static_cast<Access*>(payload);
  const std::string& given = access.remote.username;
  const std::string username = username_from_url != nullptr ? username_from_url : given;
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0)
    return git_credential_username_new(credential, username.c_str());
  if (++access.asked > 1) return GIT_EAUTH;
  // A redirection to another host gets nothing.
  const bool same_host = AuthorityOf(url) == AuthorityOf(access.remote.url);
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !access.token.empty() && same_host)
    return git_credential_userpass_plaintext_new(credential, given.c_str(), access.token.c_str());
  const std::string& key = access.remote.ssh_key_file;
  if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !key.empty()) {
    const std::string beside = key + ".pub";
    return git_credential_ssh_key_new(credential, username.c_str(),
                                      fs::exists(beside) ? beside.c_str() : nullptr, key.c_str(),
                                      nullptr);
  }
  return GIT_EAUTH;
}

// The status for libgit2's error `code`, which the remote or the way to it gave.
absl::Status RemoteError(int code, const Access& access) {
  const git_error* error = git_error_last();
  std::string why = error != nullptr && error->message != nullptr ? error->message : "unknown";
  if (!access.token.empty()) why = absl::StrReplaceAll(why, {{access.token, "***"}});
  const bool local = TransportOf(access.remote.url) == Transport::kFile;
  bool refused = code == GIT_EAUTH || code == GIT_ECERTIFICATE || code == GIT_EOWNER || local;
  for (const char* status : {"status code: 401", "status code: 403", "status code: 404"})
    refused = refused || absl::StrContains(why, status);
  const std::string remedy = refused
                                 ? "look at the URL, at the token or key, and at what it may read"
                                 : "look at the remote, and at the way to it";
  return MakeError(absl::StatusCode::kUnavailable,
                   absl::StrCat("cannot fetch from ", access.remote.url, ": ", why, "; ", remedy),
                   {.reason = refused ? "REMOTE_REFUSED" : "REMOTE_UNREACHABLE",
                    .metadata = {{"url", access.remote.url}, {"error", why}}});
}

// A fetch that was killed leaves lock files and half a pack; nobody else writes here.
void RemoveLeftovers(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".lock") leftovers.push_back(entry.path());
  for (const auto& entry : fs::recursive_directory_iterator(folder / "refs", ignored))
    if (entry.path().extension() == ".lock") leftovers.push_back(entry.path());
  for (const auto& entry : fs::directory_iterator(folder / "objects" / "pack", ignored))
    if (entry.path().extension() != ".pack" && entry.path().extension() != ".idx" &&
        entry.path().filename().string().find("git2_") != std::string::npos)
      leftovers.push_back(entry.path());
  for (const fs::path& leftover : leftovers) fs::remove(leftover, ignored);
}

// HEAD names the remote's default branch, or its commit where that has none.
int FollowHead(git_repository* repository, git_remote* remote) {
  git_buf branch = {};
  int code = git_remote_default_branch(&branch, remote);
  if (code == 0) code = git_repository_set_head(repository, branch.ptr);
  git_buf_dispose(&branch);
  if (code != GIT_ENOTFOUND) return code;
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  code = git_remote_ls(&heads, &count, remote);
  if (code == 0 && count > 0 && std::string(heads[0]->name) == "HEAD")
    code = git_repository_set_head_detached(repository, &heads[0]->oid);
  return code;
}

int FetchWith(const std::string& folder, Access& access) {
  std::array specs = {"+refs/heads/*:refs/heads/*", "+refs/heads/*:refs/remotes/origin/*",
                      "+refs/tags/*:refs/tags/*", "+refs/pull/*:refs/pull/*",
                      "+refs/merge-requests/*:refs/merge-requests/*"};
  git_strarray refspecs = {const_cast<char**>(specs.data()), specs.size()};
  git_fetch_options options = {};
  git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
  options.prune = GIT_FETCH_PRUNE;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;  // a refspec of their own
  options.callbacks.credentials = GiveCredentials;
  options.callbacks.payload = &access;
  RepositoryHandle repository;
  RemoteHandle remote;
  const unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
  int code = Take(repository, git_repository_open_ext, folder.c_str(), flags, nullptr);
  if (code == 0)
    code = Take(remote, git_remote_create_anonymous, repository.get(), access.remote.url.c_str());
  if (code == 0) code = git_remote_fetch(remote.get(), &refspecs, &options, nullptr);
  if (code == 0) code = FollowHead(repository.get(), remote.get());
  return code;
}

std::string ReadToken(const std::string& path) {
  std::string token;
  if (!path.empty()) std::getline(std::ifstream(path), token);
  return std::string(absl::StripAsciiWhitespace(token));
}

}  // namespace

absl::Status CheckRemote(const RemoteOptions& remote) {
  const Transport transport = TransportOf(remote.url);
  if (transport == Transport::kUnknown)
    return BadSetting("remote_url", "use file:///…, https://…, ssh://… or user@host:path");
  if (HoldsPassword(remote.url))  // not repeated: it is a secret
    return BadSetting("remote_url",
                      "it holds a name or password, which would end up in logs; put "
                      "the token into a file and name it in remote_token_file");
  git_libgit2_init();
  const int features = git_libgit2_features();
  git_libgit2_shutdown();
  if (transport == Transport::kSsh && (features & GIT_FEATURE_SSH) == 0)
    return BadSetting("remote_url",
                      "this machine's libgit2 is built without ssh; use https with a "
                      "token, or a libgit2 with libssh2");
  if (transport == Transport::kSsh && remote.ssh_key_file.empty())
    return BadSetting("remote_ssh_key_file", "ssh needs a private key; name its file");
  if (transport != Transport::kHttps && !remote.token_file.empty())
    return BadSetting("remote_token_file", "a token goes over https alone; change remote_url");
  if (!remote.token_file.empty())
    FLEETCAST_RETURN_IF_ERROR(CheckFile("remote_token_file", remote.token_file));
  if (!remote.ssh_key_file.empty())
    FLEETCAST_RETURN_IF_ERROR(CheckFile("remote_ssh_key_file", remote.ssh_key_file));
  return absl::OkStatus();
}

absl::Status Fetch(const std::string& folder, const RemoteOptions& remote) {
  git_libgit2_init();
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, remote.allow_other_owner ? 0 : 1);
  RemoveLeftovers(folder);
  Access access{.remote = remote, .token = ReadToken(remote.token_file)};
  const int code = FetchWith(folder, access);
  absl::Status status = code < 0 ? RemoteError(code, access) : absl::OkStatus();
  git_libgit2_shutdown();
  return status;
}

}  // namespace fleetcast::config
