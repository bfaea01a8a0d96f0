// Package load writes pairs read as text to an etcd cluster: many pairs in few
// requests, repeated keys in order, with their own leases, and so that an
// interrupted run can be resumed.
//
// It may import keyspace/bulk, keyspace/lines, keyspace/resume, keyspace/retry, and
// etcd's client and API packages; never a printer or the command line.
package load
