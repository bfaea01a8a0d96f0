package util

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"etcdkit/snapshot"
	"etcdkit/snapshot/defrag"
)

type defragOptions struct {
	dataDir string
}

func (o *defragOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dataDir, "data-dir", "", "the data `directory` to defragment, which no server may be using; required")
	mustMark(cmd.MarkFlagRequired("data-dir"), cmd.MarkFlagDirname("data-dir"))
}

func newDefrag(a *app) *cobra.Command {
	o := &defragOptions{}
	cmd := &cobra.Command{
		Use:   "defrag",
		Short: "Reclaim disk space of a stopped member by defragmenting",
		Long: `Rewrite the database of a data directory without its free pages. No server may be
running on it; --timeout says how long to wait for one to stop.

Every page is checked first. The new database is written beside the old one,
compared with it and put in its place; until then the old one stays as it is.`,
		Example: `  etcdutl defrag --data-dir /var/lib/etcd
  etcdutl defrag --data-dir /var/lib/etcd --timeout 1m`,
		Args: flagsAsArgs("data-dir"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := snapshot.DataDirFile(o.dataDir)
			_, err := os.Stat(path)
			var r defrag.Result
			if err == nil {
				r, err = defrag.Run(cmd.Context(), path, defrag.Options{Wait: a.lockTimeout})
			}
			if err != nil {
				return fmt.Errorf("Failed to defragment etcd data[%s] (%w)", o.dataDir, err) //nolint:staticcheck // upstream's text
			}
			fmt.Fprintf(a.streams.Err, "Defragmented %s: %d bytes, %d before\n", path, r.After, r.Before)
			a.phrase("finished defragmenting directory", "path", path,
				"current-db-size-bytes-diff", r.After-r.Before, "current-db-size-bytes", r.After)
			return nil
		},
	}
	o.addFlags(cmd)
	return cmd
}
