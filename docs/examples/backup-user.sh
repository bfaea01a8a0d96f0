#!/bin/sh
# Makes a user for backups on a cluster with authentication. Run it as root's
# user: ETCDCTL_USER=root ETCDCTL_PASSWORD=... sh backup-user.sh
#
# etcd gives snapshots to the role root only; there is no smaller right for them.
# A user without password can log in with a client certificate alone, whose common
# name is "backup", and can be revoked without changing root's password.
set -e
etcdctl user add backup --no-password
etcdctl user grant-role backup root
etcdctl user get backup
