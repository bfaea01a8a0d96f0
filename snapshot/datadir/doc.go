// Package datadir reads a data directory as what its member would serve after a
// restart: the database at its consistent index, and the entries of the WAL
// after that, applied as the server applies them. It imports no package of the
// etcd server, no cobra and no printer, and never writes.
//
// The entries are applied in memory. What they change becomes a bolt.Layer over
// the database, so that everything that reads a snapshot.File reads the member's
// state. Memory is proportional to the entries that are not in the database, and
// to the keys that their range deletions, compared ranges and revoked leases
// reach in it, which is bounded, see [ErrTooLarge].
//
// # Which entries count
//
// A cluster of one voter commits every valid entry when it restarts. In a larger
// one only the entries up to the commit index are known to be committed; those
// after it may be replaced by another leader's. Servers write the commit index
// late, so the consistent index of the database may be above it.
//
// # How requests are applied
//
// The rules are those of the server (server/etcdserver/apply, txn; server/auth,
// store.go; server/lease, lessor.go; server/storage/mvcc, kvstore_txn.go;
// server/etcdserver/api/membership, cluster.go) of 3.5, 3.6 and 3.7, which differ
// in one of them: on a restart 3.5 ignores the ranges in a transaction, and later
// releases refuse a transaction with a range at a revision that does not exist.
// The server's own settings are not in the data directory. The defaults are
// assumed: leases have a TTL of 2 s or more, and one learner at most, unless the
// cluster has more already.
package datadir
