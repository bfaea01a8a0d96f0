// Package cluster asks the members of a cluster, each directly, and evaluates
// their answers: which member leads, which are up, and whether a quorum is
// left. It knows no command line and no output format, prints nothing, and
// opens connections only through the [Dialer] that it is given.
package cluster
