package ctl

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/timeline"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

func newBackupTimeline(a *app, o *backupOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "timeline",
		Short: "List what can be restored: full backups, increments and gaps",
		Long: `List what "etcdctl backup restore --at" and "--revision" can restore, the oldest
first: full backups, the increments that "etcdctl backup follow" has stored after
them, and the gaps between them. Of each increment it shows its
revisions, its times, how many records there were in a minute, and where its leases
come from.

The lines are histories: after a gap, or after the cluster was restored, a new one
begins.`,
		Example: `  etcdctl backup timeline --repo /var/backups/etcd
  etcdctl backup timeline --repo /var/backups/etcd -w json`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 0 {
				return argsError("backup timeline accepts no arguments; --repo names the repository")
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			t, err := timeline.Read(cmd.Context(), run.Repository)
			if err != nil {
				return repository.Code(err)
			}
			if n := len(t.Unusable); n > 0 && !o.quiet {
				fmt.Fprintf(a.streams.Err, "%d increments can't be used, such as %s: %v\n", n, t.Unusable[0].Object, t.Unusable[0].Why)
			}
			return run.print(timelineView(t))
		},
	}
	return curlRefuses(cmd, "it sends no request to etcd")
}

// stretch is a row of a timeline.
type stretch struct {
	kind        string
	first, last int64
	from, to    time.Time
	records     int64
	rate        float64
	leases      increment.LeaseSource
	size        int64
	line, what  string
}

func timelineView(t *timeline.Timeline) view.Items {
	v := view.Items{Member: "timeline", Names: stretch{}.names(), Wide: 8}
	add := func(s stretch) { v.All = append(v.All, s.item()) }
	shown := map[string]bool{}
	for _, l := range t.Lines {
		for _, g := range l.Gaps {
			add(stretch{kind: "gap", first: g.From, last: g.To, from: g.Time, to: l.Begin().Time, line: l.Name, what: g.Why})
		}
		backups := l.Backups
		full := func(upTo int64) {
			for len(backups) > 0 && backups[0].Revision <= upTo {
				add(fullStretch(backups[0], l.Name))
				shown[backups[0].Name] = true
				backups = backups[1:]
			}
		}
		for _, i := range l.Increments {
			full(i.After)
			add(stretch{kind: "increment", first: i.After, last: i.To, from: i.Points[0].Time, to: i.Time, records: i.Records, rate: timeline.Rate(i), leases: i.LeaseSource, size: i.Size, line: l.Name, what: i.Object})
		}
		full(1<<63 - 1)
		if l.Broken > 0 {
			add(stretch{kind: "gap", first: l.Broken, last: l.Broken, from: l.End().Time, to: l.End().Time, line: l.Name, what: "an increment is missing or damaged"})
		}
	}
	for _, b := range t.Backups {
		if !shown[b.Name] {
			add(fullStretch(b, ""))
		}
	}
	return v
}

func fullStretch(b *backup.Backup, line string) stretch {
	return stretch{kind: "full", first: b.Revision, last: b.Revision, from: b.Time, to: b.Time, records: b.Records, size: b.Stored.Size, line: line, what: b.Name}
}

func (s stretch) item() view.Item {
	line := fmt.Sprintf("%s  full backup %s: revision %d", repository.Clock(s.from), s.what, s.first)
	switch s.kind {
	case "gap":
		line = fmt.Sprintf("%s  gap: revisions %d to %d: %s", repository.Clock(s.from), s.first, s.last, s.what)
	case "increment":
		line = fmt.Sprintf("%s  to %s: revisions %d to %d, %d records, %.0f a minute, leases %s", repository.Clock(s.from), repository.Clock(s.to), s.first, s.last, s.records, s.rate, s.leases)
	}
	return view.Item{Line: line, Values: s.values()}
}

func (s stretch) values() []view.Named {
	return []view.Named{
		{Name: "kind", V: s.kind}, {Name: "first_revision", V: s.first}, {Name: "last_revision", V: s.last},
		{Name: "from", V: repository.Clock(s.from)}, {Name: "to", V: repository.Clock(s.to)}, {Name: "records", V: s.records}, {Name: "records_per_minute", V: int64(s.rate + 0.5)},
		{Name: "leases", V: string(s.leases)}, {Name: "size", V: view.Bytes(s.size)}, {Name: "line", V: s.line}, {Name: "what", V: s.what},
	}
}

func (s stretch) names() (names []string) {
	for _, v := range s.values() {
		names = append(names, v.Name)
	}
	return names
}
