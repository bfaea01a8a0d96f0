// Package conn is the connection layer of every command that talks to a live
// cluster: the global connection flags, what they resolve to (SRV discovery,
// TLS files, a password asked for on the terminal), a client that is dialled
// when a command needs it, and one line that says why it could not be reached.
//
// It may import commands/cli, etcd's client and API packages, grpc, zap and
// pflag; never cobra, a printer or a server package of etcd.
package conn
