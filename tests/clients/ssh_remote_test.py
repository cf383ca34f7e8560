"""A config service that follows a remote over ssh: a private sshd and its keys."""

import unittest
from pathlib import Path

from git_servers import SshServer, make_key, run
from remote_case import RemoteCase


class SshRemoteTest(RemoteCase):
    def setUp(self):
        super().setUp()
        self.key = make_key(self.folder / "key")
        self.server = self.enterContext(SshServer(self.folder / "sshd", self.repository.bare))
        self.server.let_in(self.key)
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(self.server.keyscan())

    def follow(self, **changes):
        """The target of a service that follows the server's repository with these settings."""
        settings = {
            "remote_url": self.server.url,
            "remote_ssh_key_file": self.key,
            "remote_known_hosts_file": self.known_hosts,
            **changes,
        }
        return self.start_service(settings)

    def known(self, key):
        """The line for known_hosts that gives the server this key."""
        return f"[127.0.0.1]:{self.server.port} {Path(f'{key}.pub').read_text()}"

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

    def test_known_hosts_of_the_home_folder_are_the_default(self):
        (self.home / ".ssh").mkdir()
        (self.home / ".ssh/known_hosts").write_text(self.server.keyscan("-H"))
        main = self.repository.git("rev-parse", "HEAD")
        self.assertEqual(self.commit_at(self.follow(remote_known_hosts_file=""), "main"), main)

    def test_any_one_of_the_hosts_keys_is_enough(self):
        main = self.repository.git("rev-parse", "HEAD")
        for key in (self.server.host_key, self.server.second_host_key):
            self.known_hosts.write_text(self.known(key))
            target = self.follow(state_dir=self.folder / key.name)
            self.assertEqual(self.commit_at(target, "main"), main)

    def test_wrong_key_is_refused(self):
        other = make_key(self.folder / "other")
        self.assert_refused(self.follow(remote_ssh_key_file=other), "remote_ssh_key_file")
        self.assertEqual(self.server.logins(), 0)

    def test_ecdsa_key_is_let_in_as_well(self):
        main = self.repository.git("rev-parse", "HEAD")
        key = make_key(self.folder / "ecdsa", "ecdsa")
        self.server.let_in(key)
        self.assertEqual(self.commit_at(self.follow(remote_ssh_key_file=key), "main"), main)

    def test_repository_that_is_not_there_is_refused(self):
        url = self.server.url + "-none"
        self.assert_refused(self.follow(remote_url=url), "not appear to be a git", "remote_url")
        self.assertEqual(self.server.logins(), 1)

    def test_host_whose_key_is_not_known_is_refused(self):
        self.known_hosts.write_text("")
        target = self.follow()
        scan = f"ssh-keyscan -p {self.server.port} 127.0.0.1 "
        message = self.assert_refused(target, str(self.known_hosts), scan)
        keys = (self.server.host_key, self.server.second_host_key)
        fingerprints = [run("ssh-keygen", "-lf", key).split()[1] for key in keys]
        self.assertTrue(any(known in message for known in fingerprints), message)
        self.assertEqual(self.server.logins(), 0)

    def test_host_is_refused_where_no_file_names_any(self):
        target = self.follow(remote_known_hosts_file="")
        self.assert_refused(target, "remote_known_hosts_file")
        self.assertEqual(self.server.logins(), 0)

    def test_host_that_shows_another_key_than_before_is_refused(self):
        self.known_hosts.write_text(self.known(make_key(self.folder / "elsewhere")))
        self.assert_refused(self.follow(), "remote_known_hosts_file")
        self.assertEqual(self.server.logins(), 0)


if __name__ == "__main__":
    unittest.main()
