package util

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/snapshot/restore/v2tree"
)

// What check v2store finds, in upstream's words.
var (
	errV2InStore = errors.New("detected custom content in v2store")
	errV2InWAL   = errors.New("detected custom v2 content in WAL records")
	errV2InBoth  = errors.New("detected custom v2 content in both v2store and WAL records")
)

type checkV2StoreOptions struct {
	v2tree.Source
}

func (o *checkV2StoreOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.DataDir, "data-dir", "", "the data `directory` to check; required")
	fs.StringVar(&o.WALDir, "wal-dir", "", "where the WAL is if not in the data `directory`")
	mustMark(cmd.MarkFlagRequired("data-dir"), cmd.MarkFlagDirname("data-dir"), cmd.MarkFlagDirname("wal-dir"))
}

// v2Verdict is nil where nothing was found.
func v2Verdict(c v2tree.Content) error {
	switch {
	case c.Snapshot && c.WAL:
		return errV2InBoth
	case c.Snapshot:
		return errV2InStore
	case c.WAL:
		return errV2InWAL
	}
	return nil
}

func newCheckV2Store(a *app) *cobra.Command {
	o := &checkV2StoreOptions{}
	cmd := &cobra.Command{
		Use:   "v2store",
		Short: "Look for keys of v2 clients",
		Long: `Look into the last raft snapshot of a data directory, and into the WAL after it,
for keys, users and roles that clients of v2 have put there. From 3.6 on a server
does not start on them. The exit code is 0 where there are none. The directory
is only read; "etcdutl v2 export" shows the keys.`,
		Example: "  etcdutl check v2store --data-dir /var/lib/etcd",
		Args:    flagsAsArgs("data-dir"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := v2tree.Check(cmd.Context(), o.Source)
			a.warnTorn(c.Torn)
			if err == nil {
				err = v2Verdict(c)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.streams.Out, "No custom content found in both v2store and WAL records.")
			return err
		},
	}
	o.addFlags(cmd)
	return cmd
}
