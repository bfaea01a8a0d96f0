// Package ctlv2 holds the commands of etcdctl for the v2 API, which
// ETCDCTL_API=2 asks for: one file per command or family of commands.
//
// It may import everything on the client side, and never the server's packages
// or the commands of v3.
package ctlv2
