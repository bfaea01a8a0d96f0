// Package transfer copies a tree of etcd's v2 API into the keys of v3: it reads
// a tree, writes the keys that v3 lacks, and reads both sides again to compare
// them.
//
// It may import keyspace/bulk, keyspace/resume, keyspace/retry, and etcd's client and API
// packages; never a printer or the command line.
package transfer
