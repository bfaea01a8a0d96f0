// Package conn is the connection layer of every command that talks to a live
// cluster: the global connection flags, their resolution (SRV discovery, TLS
// files, password prompts), the client, and the explanation of failed requests.
//
// It may import commands/cli, etcd's client and API packages, grpc, zap, pflag,
// and the libraries for proxies and encrypted keys (httpproxy, pkcs8);
// never cobra, a printer or a server package of etcd.
package conn
