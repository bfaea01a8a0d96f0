// Package backup keeps snapshots of etcd in a repository: a directory, an
// object store, or anything else that a [store.Store] can be made of. A backup
// counts only once its stored bytes were read back and its manifest was written.
//
// The package gets a snapshot as an io.Reader from its caller and writes plain
// snapshots to an io.Writer. It dials no cluster, prints nothing and imports
// neither commands nor printers. docs/backup-format.md describes the format.
package backup
