"""A config service that follows a remote over https: git's own server behind TLS and a token."""

import unittest

from git_servers import GIT_ENVIRONMENT, Authority, HttpsServer, make_sha256_repository, run
from remote_case import RemoteCase

TOKEN = "tok3n-of-the-forge"


class HttpsRemoteTest(RemoteCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder / "authority")
        self.server = self.serve()
        self.token_file = self.folder / "token"
        self.token_file.write_text(f"{TOKEN}\n")

    def serve(self, host="localhost"):
        root = self.repository.bare.parent
        return self.enterContext(HttpsServer(root, TOKEN, self.authority, host))

    def follow(self, **changes):
        """The target of a service that follows the server's repository with these settings."""
        settings = {
            "remote_url": f"{self.server.url}/fleet.git",
            "remote_token_file": self.token_file,
            "remote_ca_file": self.authority.certificate,
            **changes,
        }
        return self.start_service(settings)

    def test_branches_tags_and_pushes_are_followed(self):
        main = self.repository.git("rev-parse", "HEAD")
        self.repository.push_tag("v1")
        target = self.follow()
        for revision in ("main", "origin/main", "v1", "HEAD", main[:9]):
            self.assertEqual(self.commit_at(target, revision), main, revision)
        pushed = self.repository.push_commit()
        self.assertEqual(self.commit_at(target, "main", max_staleness="3600s"), main)
        self.assertEqual(self.commit_at(target, "main", max_staleness="0s"), pushed)
        branch = self.repository.push_commit("side")
        self.assertEqual(self.commit_at(target, "side", max_staleness="0s"), branch)

    def test_token_is_read_anew_for_each_fetch(self):
        target = self.follow()
        self.commit_at(target, "main")
        self.server.token = "renewed"
        self.token_file.write_text("renewed")
        pushed = self.repository.push_commit()
        self.assertEqual(self.commit_at(target, "main", max_staleness="0s"), pushed)

    def test_token_that_ran_out_leaves_the_answers_of_before(self):
        main = self.repository.git("rev-parse", "HEAD")
        target = self.follow()
        self.commit_at(target, "main")
        self.server.token = "renewed"
        answer = self.validate(target, "main", max_staleness="0s")
        self.assertEqual(answer["commit"], main)
        self.assertTrue(answer["freshness"]["stale"])
        self.assertEqual(answer["freshness"]["reason"], "REMOTE_REFUSED")
        self.assertNotIn(TOKEN, answer["freshness"]["message"])

    def test_wrong_token_is_refused_and_not_repeated_to_the_caller(self):
        self.token_file.write_text("not-this-one")
        message = self.assert_refused(self.follow(), self.server.url, "remote_token_file")
        self.assertNotIn("not-this-one", message)
        self.assertEqual(len(self.server.authorizations), 2)  # without, then with: not for ever

    def test_missing_token_is_refused(self):
        self.assert_refused(self.follow(remote_token_file=""), "remote_token_file")

    def test_repository_that_is_not_there_is_refused(self):
        url = f"{self.server.url}/nothing.git"
        message = self.assert_refused(self.follow(remote_url=url), "404", "remote_url")
        self.assertNotIn(TOKEN, message)

    def test_sha_256_is_refused_in_words_that_say_so(self):
        other = self.folder / "sha256"
        make_sha256_repository(self.folder / "fleet", other)
        served = self.repository.bare.parent / "sha256.git"
        run("git", "clone", "-q", "--bare", other, served, env=GIT_ENVIRONMENT)
        url = f"{self.server.url}/sha256.git"
        self.assert_refused(self.follow(remote_url=url), "SHA-256", "SHA-1")

    def test_certificate_of_another_authority_gets_no_token(self):
        other = Authority(self.folder / "other").certificate
        self.assert_refused(self.follow(remote_ca_file=other), "remote_ca_file")
        self.assertEqual(self.server.authorizations, [])

    def test_certificate_that_this_machine_does_not_trust_gets_no_token(self):
        self.assert_refused(self.follow(remote_ca_file=""), "remote_ca_file")
        self.assertEqual(self.server.authorizations, [])

    def test_certificate_of_another_host_gets_no_token(self):
        url = f"{self.server.url}/fleet.git".replace("localhost", "127.0.0.1")
        self.assert_refused(self.follow(remote_url=url), "remote_ca_file")
        self.assertEqual(self.server.authorizations, [])

    def test_other_host_that_the_server_redirects_to_gets_no_token(self):
        for redirects_before_asking in (True, False):
            with self.subTest(redirects_before_asking=redirects_before_asking):
                other = self.serve(host="127.0.0.1")
                self.server.redirect_to = other.url
                self.server.redirects_before_asking = redirects_before_asking
                self.assert_refused(self.follow(state_dir=self.folder / other.name), "remote_url")
                self.assertEqual([a for a in other.authorizations if a], [])


if __name__ == "__main__":
    unittest.main()
