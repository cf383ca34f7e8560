#include "services/config/git/remote.h"

#include <git2.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "services/config/git/git_handle.h"
#include "services/config/git/packs.h"

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

int TrustAuthorities(const std::string& file) {
  return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file.c_str(), nullptr);
}

absl::Status CheckAuthorities(const std::string& file) {
  git_libgit2_init();
  const int code = TrustAuthorities(file);
  git_libgit2_shutdown();
  if (code == 0) return absl::OkStatus();
  return BadSetting("remote_ca_file",
                    absl::StrCat(file,
                                 " holds no certificate; name a PEM file, with -----BEGIN "
                                 "CERTIFICATE-----"));
}

absl::Status CheckFiles(const RemoteOptions& remote, Transport transport) {
  struct Setting {
    const char* name;
    const std::string& file;
    Transport used_by;
    const char* elsewhere;
  };
  for (const Setting& setting :
       {Setting{"remote_token_file", remote.token_file, Transport::kHttps,
                "a token goes over https alone; change remote_url"},
        Setting{"remote_ca_file", remote.ca_file, Transport::kHttps,
                "it is for https alone; change remote_url"},
        Setting{"remote_ssh_key_file", remote.ssh_key_file, transport, ""},
        Setting{"remote_known_hosts_file", remote.known_hosts_file, Transport::kSsh,
                "it is for ssh alone; change remote_url"}}) {
    if (setting.file.empty()) continue;
    if (transport != setting.used_by) return BadSetting(setting.name, setting.elsewhere);
    FLEETCAST_RETURN_IF_ERROR(CheckFile(setting.name, setting.file));
  }
  return remote.ca_file.empty() ? absl::OkStatus() : CheckAuthorities(remote.ca_file);
}

// What the callbacks of one fetch need, and leave.
struct Access {
  const RemoteOptions& remote;
  std::string token;
  int asked = 0;              // how often credentials were asked for: a second time they were wrong
  std::string host_key = "";  // ssh: the fingerprint of the key that the host showed
};

int NoCredentials(const char* why) {
  git_error_set_str(GIT_ERROR_CALLBACK, why);
  return GIT_EAUTH;
}

int GiveCredentials(git_credential** credential, const char* /*url*/, const char* username_from_url,
                    unsigned allowed, void* payload) {
  Access& access = *static_cast<Access*>(payload);
  const std::string& given = access.remote.username;
  const std::string username = username_from_url != nullptr ? username_from_url : given;
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0)
    return git_credential_username_new(credential, username.c_str());
  if (++access.asked > 1) return NoCredentials("what was shown was not accepted");
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !access.token.empty())
    return git_credential_userpass_plaintext_new(credential, given.c_str(), access.token.c_str());
  const std::string& key = access.remote.ssh_key_file;
  if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !key.empty()) {
    const std::string beside = key + ".pub";
    return git_credential_ssh_key_new(credential, username.c_str(),
                                      fs::exists(beside) ? beside.c_str() : nullptr, key.c_str(),
                                      nullptr);
  }
  return NoCredentials("it asks who is there, and there is nothing to show");
}

// Keeps the fingerprint of a host's key as `ssh-keygen -l` prints it; trusts whom libgit2 does.
int RememberHostKey(git_cert* certificate, int /*valid*/, const char* /*host*/, void* payload) {
  if (certificate->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
    const auto* key = reinterpret_cast<const git_cert_hostkey*>(certificate);
    const auto* hash = reinterpret_cast<const char*>(key->hash_sha256);
    std::string text;
    absl::Base64Escape(absl::string_view(hash, sizeof key->hash_sha256), &text);
    if ((key->type & GIT_CERT_SSH_SHA256) != 0)
      static_cast<Access*>(payload)->host_key = "SHA256:" + text.substr(0, text.find('='));
  }
  return GIT_PASSTHROUGH;
}

// libgit2 knows hosts from ~/.ssh/known_hosts alone, and goes by it when it chooses which of a
// host's keys to ask for: gives this process a home with that file there. Before git_libgit2_init.
absl::Status KnowHostsOf(const std::string& file, const fs::path& home) {
  std::error_code error;
  const fs::path link = home / ".ssh" / "known_hosts";
  fs::create_directories(link.parent_path(), error);
  fs::remove(link, error);
  fs::create_symlink(file, link, error);
  if (error || setenv("HOME", home.c_str(), 1) != 0)
    return BadSetting("state_dir", absl::StrCat("cannot write ", home.string()));
  return absl::OkStatus();
}

// The host and port for people who call ssh-keyscan.
std::string KeyscanArguments(const std::string& url) {
  std::string host = AuthorityOf(url).empty() ? url.substr(0, url.find(':')) : AuthorityOf(url);
  host = host.substr(host.rfind('@') + 1);  // npos + 1 is 0
  const std::size_t colon = host.rfind(':');
  if (colon == std::string::npos) return host;
  return absl::StrCat("-p ", host.substr(colon + 1), " ", host.substr(0, colon));
}

// What to do about a fetch that was refused with libgit2's error `code`.
std::string RemedyOf(int code, const Access& access) {
  const RemoteOptions& remote = access.remote;
  const bool ssh = TransportOf(remote.url) == Transport::kSsh;
  if (code == GIT_ECERTIFICATE && ssh) {
    const std::string file =
        remote.known_hosts_file.empty() ? "~/.ssh/known_hosts" : remote.known_hosts_file;
    return absl::StrCat("the host shows the key ", access.host_key, ", which is not in ", file,
                        "; if it is the fingerprint that its operator tells, add what ssh-keyscan ",
                        KeyscanArguments(remote.url),
                        " prints to that file, or to the one that "
                        "remote_known_hosts_file names");
  }
  if (code == GIT_ECERTIFICATE)
    return "name the file with the certificate of its authority in remote_ca_file; remote_url must "
           "name the host as its certificate does";
  if (TransportOf(remote.url) == Transport::kFile)
    return "look at remote_url, and at what this user may read";
  return ssh ? "look at remote_url, at the key in remote_ssh_key_file (Ed25519 or ECDSA), and at "
               "what it may read"
             : "look at remote_url, at the token in remote_token_file, at remote_username, and at "
               "what they may read";
}

// The status for libgit2's error `code`, which the remote or the way to it gave.
absl::Status RemoteError(int code, const Access& access) {
  const git_error* error = git_error_last();
  std::string why = error != nullptr && error->message != nullptr ? error->message : "unknown";
  absl::StripAsciiWhitespace(&why);
  if (!access.token.empty()) why = absl::StrReplaceAll(why, {{access.token, "***"}});
  const bool local = TransportOf(access.remote.url) == Transport::kFile;
  bool refused = code == GIT_EAUTH || code == GIT_ECERTIFICATE || code == GIT_EOWNER || local;
  // Of ssh the end of what the host's git printed: it let us in, and has no such repository for us.
  refused = refused || (code == GIT_EEOF && error != nullptr && error->klass == GIT_ERROR_SSH);
  for (const char* sign :
       {"status code: 401", "status code: 403", "status code: 404", "cannot redirect"})
    refused = refused || absl::StrContains(why, sign);
  std::string remedy =
      refused ? RemedyOf(code, access) : "look at the remote, and at the way to it";
  // The second is what libgit2 makes of a branch whose commit has a name of 64 digits.
  for (const char* sign : {"extensions.objectformat", "error parsing REF pkt-line"}) {
    if (!absl::StrContains(why, sign)) continue;
    refused = true;
    remedy =
        "its objects are not named by SHA-1, probably by SHA-256, and this service reads "
        "repositories of SHA-1 alone";
  }
  return MakeError(absl::StatusCode::kUnavailable,
                   absl::StrCat("cannot fetch from ", access.remote.url, ": ", why, "; ", remedy),
                   {.reason = refused ? "REMOTE_REFUSED" : "REMOTE_UNREACHABLE",
                    .metadata = {{"url", access.remote.url}, {"error", why}}});
}

// A fetch that was killed leaves lock files and half a pack, and a power cut empty branches, which
// libgit2 takes for damage; nobody else writes here.
void RemoveLeftovers(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".lock") leftovers.push_back(entry.path());
  for (const auto& entry : fs::recursive_directory_iterator(folder / "refs", ignored))
    if (entry.path().extension() == ".lock" ||
        (entry.is_regular_file(ignored) && entry.file_size(ignored) == 0))
      leftovers.push_back(entry.path());
  for (const fs::path& leftover : leftovers) fs::remove(leftover, ignored);
  RemoveUnfinishedPacks(folder);
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
  // libgit2 would show the token to whatever host it is sent to.
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.callbacks.credentials = GiveCredentials;
  options.callbacks.certificate_check = RememberHostKey;
  options.callbacks.payload = &access;
  RepositoryHandle repository;
  RemoteHandle remote;
  const unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
  int code = Take(repository, git_repository_open_ext, folder.c_str(), flags, nullptr);
  if (code == 0)
    code = Take(remote, git_remote_create_anonymous, repository.get(), access.remote.url.c_str());
  // A branch that leads to objects which a power cut has taken would never be fetched again, so
  // they reach the disk first. Branches do not, one by one: there may be thousands, and those that
  // are lost are fetched again.
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  if (code == 0) code = git_remote_download(remote.get(), &refspecs, &options);
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
  const int without_fetch_head = 0;
  if (code == 0)
    code = git_remote_update_tips(remote.get(), &options.callbacks, without_fetch_head,
                                  options.download_tags, nullptr);
  if (code == 0) code = git_remote_prune(remote.get(), &options.callbacks);
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
  return CheckFiles(remote, transport);
}

absl::Status Fetch(const std::string& folder, const RemoteOptions& remote) {
  if (!remote.known_hosts_file.empty())
    FLEETCAST_RETURN_IF_ERROR(KnowHostsOf(remote.known_hosts_file, fs::path(folder) / "home"));
  git_libgit2_init();
  if (!remote.ca_file.empty() && TrustAuthorities(remote.ca_file) < 0)
    return BadSetting("remote_ca_file", absl::StrCat("cannot read ", remote.ca_file));
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, remote.allow_other_owner ? 0 : 1);
  RemoveLeftovers(folder);
  Access access{.remote = remote, .token = ReadToken(remote.token_file)};
  const int code = FetchWith(folder, access);
  absl::Status status = code < 0 ? RemoteError(code, access) : absl::OkStatus();
  git_libgit2_shutdown();
  return status;
}

}  // namespace fleetcast::config
