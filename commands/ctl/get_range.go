package ctl

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/scan"
	"etcdkit/printer/view"
)

// scannable returns the range of a request that can be read in parts, and
// whether it can. Of what the server sorts, filters or counts there is one
// answer.
func (o *getOptions) scannable(key string, opts []clientv3.OpOption) (scan.Range, bool) {
	op := clientv3.OpGet(key, opts...)
	r := scan.Range{
		Key: key, End: string(op.RangeBytes()), Rev: op.Rev(), Limit: o.limit,
		KeysOnly: o.keysOnly, Serializable: op.IsSerializable(),
	}
	inOrder := slices.Contains([]string{"", "KEY"}, strings.ToUpper(o.sortBy)) && slices.Contains([]string{"", "ASCEND"}, strings.ToUpper(o.order))
	filtered := max(o.minCreateRev, o.maxCreateRev, o.minModRev, o.maxModRev) > 0
	return r, r.End != "" && o.limit >= 0 && inOrder && !filtered && !o.countOnly
}

// newReader reads ranges of the session's cluster, each request within
// --command-timeout.
func newReader(a *app, s *session) *scan.Reader {
	return &scan.Reader{
		Client: s.client.Client, Timeout: a.conn.Timeout(), MaxRecvBytes: a.conn.MaxRecvBytes(), Explain: s.client.Explain,
	}
}

// scan prints a range as it is read.
func (o *getOptions) scan(cmd *cobra.Command, a *app, r scan.Range) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // the range is read
	err = s.out.Print(view.Range{Pages: newReader(a, s).Pages(cmd.Context(), r), ValuesOnly: o.valueOnly})
	if broken := (*scan.Broken)(nil); errors.As(err, &broken) && s.out.Format() == "table" {
		err = broken.Err // of a table nothing is printed
	}
	return s.client.Explain(err)
}
