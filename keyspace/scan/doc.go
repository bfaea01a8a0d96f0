// Package scan reads a range of keys of any size, as it is at one revision, in
// parts that come as they are read: by the range stream where the server has
// it, and otherwise by requests that are bounded by a key and a number, several
// of them under way. Memory does not grow with the range.
//
// It may import keyspace/retry and etcd's client and API
// packages; never a printer or the command line.
package scan
