// Package live reads the keyspace of a running cluster: ranges of any size at
// one revision, by the range stream if the server has it and otherwise by
// bounded requests, and events, by watches that survive failures. Memory does
// not grow with the size of the range. Every answer of a server is checked
// before it is used.
//
// It may import keyspace, its retry package, and etcd's client and API packages;
// never a printer or the command line.
package live
