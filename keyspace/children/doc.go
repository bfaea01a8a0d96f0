// Package children finds the children of a prefix, as the files and directories
// of a directory, without reading what lies below them: behind each child it
// looks for the next one.
//
// It may import keyspace/retry, keyspace/scan, and etcd's
// client and API packages; never a printer or the command line.
package children
