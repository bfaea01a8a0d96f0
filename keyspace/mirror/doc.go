// Package mirror keeps the keys of one etcd cluster, or those with a prefix,
// the same in another one: a first copy, then what changes, and where a
// connection was lost for too long, another copy.
//
// It may import keyspace/bulk, keyspace/retry, keyspace/scan and etcd's client and API packages; never a
// printer or the command line.
package mirror
