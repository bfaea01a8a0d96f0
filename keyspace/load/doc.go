// Package load writes pairs that come as text to an etcd cluster: many in few
// requests, in order where a key comes more than once, with leases of their
// own, and so that an interrupted run can be taken up again.
//
// It may import keyspace/bulk, keyspace/lines, keyspace/resume, keyspace/retry, and
// etcd's client and API packages; never a printer or the command line.
package load
