// Package ctl holds the commands of etcdctl's v3 tree, one file per command.
//
// A command is an options struct with its flags, a pure function that turns
// arguments and flags into a request, and a constructor that ties both to the
// command line. It prints through package printer and reaches etcd through
// package conn only; it never links etcd's server packages.
package ctl
