// Package server is etcdutl-server: etcd's own server on a data directory, for as
// long as its standard input stays open. "etcdutl serve" starts it on a private
// copy. It is a program of its own because a linked server would add 15 MB to
// etcdutl and double the time of its start.
//
// It alone may import etcd's server as a whole.
package server
