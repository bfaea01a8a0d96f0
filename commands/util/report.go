package util

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/report/inventory"
	"etcdkit/report/page"
	"etcdkit/snapshot/offline"
)

func newReport(a *app) *cobra.Command {
	keys, to, from := &read.KeysFlags{}, &read.Document{Kind: "report"}, &source{}
	cmd := &cobra.Command{
		Use:   "report [options] [prefix]",
		Short: "Write a report about a file, as a page for a browser",
		Long: `Read a snapshot, a copy of a database, or the data directory of a stopped
member, and write what it holds as one HTML page: the members, the alarms, a map
of the bytes by prefix, the largest and the most written keys, the history and
the leases. The page loads nothing from elsewhere and contains no script.

Names of keys and members are on the page; values are not.`,
		Example: `  etcdutl report --from backup.db
  etcdutl report --from /var/lib/etcd -o member.html
  etcdutl report /registry/ --from backup.db -o - > kubernetes.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := keys.Arguments(cmd, args); err != nil {
				return err
			}
			if err := cmp.Or(to.Check(&a.streams), from.check(), from.past.check(a, cmd.Flags())); err != nil {
				return err
			}
			err := to.Save(cmd.Context(), &a.streams, a.output.Printer, func() (read.Content, error) {
				facts, err := a.reportFacts(cmd.Context(), keys, from)
				for _, m := range facts.Missing {
					fmt.Fprintf(cli.Visible(a.streams.Err), "Not read: %s: %s\n", m.What, m.Why)
				}
				return func(w io.Writer) error { return page.Write(w, facts) }, err
			})
			return cmp.Or(err, from.complete())
		},
	}
	to.AddTo(cmd, "etcd-report.html")
	keys.AddTo(cmd)
	from.addFlags(cmd.Flags())
	return cmd
}

// reportFacts reads what the page shows.
func (a *app) reportFacts(ctx context.Context, keys *read.KeysFlags, from *source) (page.Facts, error) {
	f := page.Facts{At: a.streams.Time(), Program: program + " " + cli.Build(), Subject: from.path}
	if from.path == standardInput {
		f.Subject = "a file from standard input"
	}
	c, err := from.open(ctx, a)
	if err != nil {
		return f, err
	}
	defer c.Close() //nolint:errcheck // it was only read
	if f.Inventory, err = keys.Inventory(ctx, &a.streams, c, inventory.Options{Compacted: inventory.Unknown}); err != nil {
		return f, err
	}
	miss := func(what string, err error) {
		if err != nil {
			f.Missing = append(f.Missing, page.Missing{What: what, Why: err.Error()})
		}
	}
	f.Leases, err = read.LeaseFacts(ctx, c, f.Inventory)
	miss("the leases", err)
	f.Details, err = fileDetails(ctx, c)
	miss("the size in use", err)
	f.Details = append(f.Details, read.KeyDetails(f.Inventory, f.Leases)...)
	f.Members, err = fileMembers(ctx, c)
	miss("the members", err)
	f.Alarms, err = fileAlarms(ctx, c)
	miss("the alarms", err)
	return f, context.Cause(ctx)
}

// fileDetails returns what is known of the database.
func fileDetails(ctx context.Context, c *offline.Cluster) ([]page.Detail, error) {
	var all []page.Detail
	st, err := c.Describe(ctx)
	if err == nil {
		database := page.Detail{Name: "database", Value: page.Size(st.TotalSize), Note: page.Size(st.UsedSize) + " in use"}
		release := page.Detail{Name: "storage version", Value: cmp.Or(st.Version, "before 3.6")}
		all = append(all, database, release)
	}
	if c.Dir != nil {
		all = append(all, page.Detail{Name: "member", Value: strconv.FormatUint(c.Dir.MemberID, 16), Note: "of cluster " + strconv.FormatUint(c.Dir.ClusterID, 16)})
	}
	return all, err
}

// fileMembers returns the members that the file lists, of which it does not know
// how they are.
func fileMembers(ctx context.Context, c *offline.Cluster) ([]page.Member, error) {
	list, err := c.Members(ctx, "")
	var all []page.Member
	for _, m := range list.GetMembers() {
		all = append(all, page.Member{Name: m.GetName(), ID: strconv.FormatUint(m.GetID(), 16), Learner: m.GetIsLearner(), URLs: m.GetClientURLs()})
	}
	return all, err
}

// fileAlarms names the alarms that are on in the file.
func fileAlarms(ctx context.Context, c *offline.Cluster) ([]string, error) {
	list, err := c.Alarms(ctx)
	var all []string
	for _, alarm := range list.GetAlarms() {
		all = append(all, alarm.GetAlarm().String()+" of "+strconv.FormatUint(alarm.GetMemberID(), 16))
	}
	return all, err
}
