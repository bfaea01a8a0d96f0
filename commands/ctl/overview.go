package ctl

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/cluster/doctor"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/commands/read"
	"etcdkit/report/inventory"
	"etcdkit/report/page"
)

// overview is all that report and bundle tell of a cluster.
type overview struct {
	picture   *doctor.Picture
	doctor    doctor.Report
	inventory *inventory.Inventory // nil if the keys can't be read
	leases    *page.Leases         // nil if they can't be read
	missing   []page.Missing       // besides what the doctor could not check
}

// examineAll examines the members as doctor does.
func examineAll(ctx context.Context, a *app, d *conn.Dialer) (*doctor.Picture, error) {
	look := looking(a, d, visitTime)
	look.Deep, look.Wants = a.within(deepTime), doctor.Needs(doctor.Checks())
	return look.Gather(ctx)
}

// overlook examines the picture, and reads keys and leases. What can't be read is
// noted in the result; the error is that of ctx.
func overlook(cmd *cobra.Command, a *app, d *conn.Dialer, p *doctor.Picture, keys *read.KeysFlags) (*overview, error) {
	o := &overview{picture: p, doctor: doctor.Examine(p, doctor.Checks())}
	ctx := cmd.Context()
	client, err := d.Dial(ctx)
	if err != nil {
		o.miss("the keys and leases", err)
		return o, context.Cause(ctx)
	}
	defer client.Close() //nolint:errcheck // everything has been read
	from := inventory.Options{Compacted: inventory.Unknown}
	if !p.Led() {
		// What follows would wait for a leader, and in vain.
		from.Compacted, _ = p.Compacted()
		from.Serializable = true
	}
	if o.inventory, err = keys.Inventory(ctx, &a.streams, newSource(a, client), from); err != nil {
		o.miss("the keys", err)
	} else if o.inventory.HistoryErr != nil {
		o.miss("where the history begins", o.inventory.HistoryErr)
	}
	if !p.Led() {
		o.missing = append(o.missing, page.Missing{What: "the leases", Why: "the cluster has no leader"})
		return o, context.Cause(ctx)
	}
	if o.leases, err = read.LeaseFacts(ctx, newRecords(a, client), o.inventory); err != nil {
		o.miss("the leases", err)
	}
	return o, context.Cause(ctx)
}

func (o *overview) miss(what string, why error) {
	o.missing = append(o.missing, page.Missing{What: what, Why: why.Error()})
}

// warn says on standard error what is missing.
func (o *overview) warn(a *app) {
	for _, m := range o.missing {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Not read: %s: %s\n", m.What, m.Why)
	}
	for _, g := range o.doctor.Unchecked {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Not checked: %s: %s\n", g.What, g.Why)
	}
}
