// Package mirror mirrors the keys of one etcd cluster, or those with a prefix,
// to another one: a first copy, then the changes, and another copy if a
// connection was lost for too long.
//
// It may import keyspace/bulk, keyspace/retry, keyspace/scan and etcd's client and API packages; never a
// printer or the command line.
package mirror
