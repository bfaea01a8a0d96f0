package util

import (
	"fmt"

	"github.com/spf13/pflag"

	"etcdkit/snapshot/datadir"
)

// Flags about the WAL of a data directory.
const (
	walDirFlag      = "wal-dir"
	uncommittedFlag = "uncommitted"
)

// tailOptions say which entries of the WAL of a data directory count.
type tailOptions struct {
	walDir      string
	uncommitted bool
}

func (o *tailOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.walDir, walDirFlag, "", "the `directory` of the WAL, if it is not in the data directory")
	fs.BoolVar(&o.uncommitted, uncommittedFlag, false, "include entries of the WAL that are not known to be committed, of a member of several")
}

func (o *tailOptions) given() bool { return o.walDir != "" || o.uncommitted }

func (o *tailOptions) entries() datadir.Tail {
	if o.uncommitted {
		return datadir.All
	}
	return datadir.Committed
}

// report says on the error stream what is uncertain about a data directory.
func (o *tailOptions) report(a *app, d datadir.Info) {
	switch {
	case d.Left > 0:
		fmt.Fprintf(a.streams.Err, "Note: %s at the end of the WAL, from entry %d on, not known to be committed and left out; --%s includes them\n",
			entriesAre(d.Left), d.Applied+1, uncommittedFlag)
	case d.Uncommitted > 0:
		fmt.Fprintf(a.streams.Err, "Warning: %s at the end of the WAL, from entry %d on, not known to be committed and included: what has a revision above %d may never have been acknowledged, or may have been replaced\n",
			entriesAre(d.Uncommitted), d.Applied-uint64(d.Uncommitted)+1, d.CommittedRevision)
	}
}

// entriesAre is the beginning of a sentence about entries.
func entriesAre(n int) string {
	if n == 1 {
		return "1 entry is"
	}
	return fmt.Sprintf("%d entries are", n)
}
