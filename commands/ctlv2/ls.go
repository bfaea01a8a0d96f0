package ctlv2

import (
	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/printer"
)

type lsOptions struct {
	getOptions
	recursive bool
	slash     bool
}

func newLs(a *app) *cobra.Command {
	o := &lsOptions{}
	cmd := &cobra.Command{
		Use:   "ls [options] [key]",
		Short: "List a directory",
		Long: `List the keys of a directory, the root's where none is given. Hidden keys, whose
names begin with _, are listed only when they are named.`,
		Example: `  etcdctl ls
  etcdctl ls -r -p --sort /app`,
		RunE: func(cmd *cobra.Command, args []string) error {
			key := "/"
			if len(args) > 0 {
				key = args[0]
			}
			return a.ls(cmd, key, o)
		},
	}
	fs := cmd.Flags()
	o.addFlags(fs)
	fs.BoolVarP(&o.recursive, "recursive", "r", false, "with everything below")
	fs.BoolVarP(&o.slash, "p", "p", false, "put a slash after directories")
	return cmd
}

func (a *app) ls(cmd *cobra.Command, key string, o *lsOptions) error {
	p, err := a.printer(formatSimple, formatExtended, formatJSON)
	if err != nil {
		return err
	}
	resp, err := a.read(cmd, key, client.GetOptions{Sort: o.sort, Quorum: o.quorum, Recursive: o.recursive})
	if err != nil {
		return err
	}
	if a.flags.output != formatSimple {
		return p.Print(a.view(resp))
	}
	return p.Print(listing{resp.Node, o.slash})
}

// listing is a directory as ls shows it.
type listing struct {
	node  *client.Node
	slash bool
}

// Simple prints a key a line.
func (l listing) Simple(t *printer.Text) {
	if !l.node.Dir {
		t.Line(l.node.Key)
	}
	l.below(t, l.node.Nodes)
}

func (l listing) below(t *printer.Text, nodes client.Nodes) {
	for _, n := range nodes {
		t.Raw(n.Key)
		if n.Dir && l.slash {
			t.Byte('/')
		}
		t.Byte('\n')
		l.below(t, n.Nodes)
	}
}
