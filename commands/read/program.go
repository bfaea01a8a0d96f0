// Package read provides the commands that read a keyspace, for both programs:
// they use a keyspace.Source, which may be a cluster or a file.
//
// It may import commands/cli, keyspace, the printers and their views; never a
// client, a file format of etcd or the commands of one program.
package read

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/keyspace/count"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// Program is the program that the commands belong to.
type Program struct {
	Name    string
	Flags   string // what its examples end with
	Streams *cli.Streams
	Printer func(w io.Writer) (*printer.Printer, error) // of the format asked for
	Open    func(cmd *cobra.Command) (*Session, error)  // after the printer was found
}

// Session is the source and the printer of one command. The command closes it.
type Session struct {
	Source  keyspace.Source
	Cluster Cluster
	Fences  count.Fences // nil if the source cannot list them
	// InUse returns the bytes in use of the database; nil if they are unknown.
	InUse func(context.Context) (int64, error)
	Out   *printer.Printer
	Close func() error
}

// example returns the examples of a command, written for etcdctl, for the program.
// Lines that the program does not have flags for are left out, and others get
// the flags that it needs.
func (p Program) example(text string) string {
	if p.Name == "etcdctl" {
		return text
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, "--endpoints") {
			continue
		}
		command, rest, redirected := strings.Cut(strings.ReplaceAll(line, "etcdctl", p.Name), " > ")
		command += " " + p.Flags
		if redirected {
			command += " > " + rest
		}
		lines = append(lines, command)
	}
	return strings.Join(lines, "\n")
}

// print opens a session and prints the view that view makes of it.
func (p Program) print(cmd *cobra.Command, view func(context.Context, *Session) (printer.View, error)) error {
	s, err := p.Open(cmd)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // everything has been read
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	v, err := view(ctx, s)
	if err != nil {
		return err
	}
	err = s.Out.Print(v)
	if s.Out.Format() == "table" {
		return keyspace.Unbroken(err) // nothing is printed of a table that is not complete
	}
	return err
}

// pages returns the pages of a range as views take them.
func pages(all iter.Seq2[*keyspace.Page, error]) view.Pages {
	return func(yield func(*etcdserverpb.RangeResponse, error) bool) {
		for page, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&etcdserverpb.RangeResponse{Header: header(page.Head), Kvs: page.KVs, More: page.More, Count: page.Count}, nil) {
				return
			}
		}
	}
}

func header(h keyspace.Head) *etcdserverpb.ResponseHeader {
	return &etcdserverpb.ResponseHeader{ClusterId: h.ClusterID, MemberId: h.MemberID, Revision: h.Revision, RaftTerm: h.RaftTerm}
}

// prefixArg returns the prefix given by the arguments of a command: the empty
// one if there is none.
func prefixArg(cmd *cobra.Command, args []string) (string, error) {
	if len(args) > 1 {
		return "", cli.Exit(cli.BadArgs, errors.New(cmd.Name()+" takes one prefix at most"))
	}
	if len(args) == 0 {
		return "", nil
	}
	return args[0], nil
}
