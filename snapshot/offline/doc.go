// Package offline reads a file as if it were a cluster: a snapshot, a copy of a
// database, or the data directory of a stopped member. It opens inputs
// read-only, without a lock, and never opens a connection.
//
// It may import snapshot, keyspace and etcd's messages; nothing of commands or
// printer, and no client.
package offline
