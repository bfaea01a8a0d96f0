package ctl

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/cluster/doctor"
	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/report/page"
	"etcdkit/report/redact"
)

func newReport(a *app) *cobra.Command {
	keys, to := &read.KeysFlags{}, &read.Document{Kind: "report"}
	cmd := &cobra.Command{
		Use:   "report [options] [prefix]",
		Short: "Write a report about the cluster, as a page for a browser",
		Long: `Examine the cluster and write what is found as one HTML page: the members, what
is wrong (as doctor finds it), a map of the bytes by prefix, the largest and the
most written keys, the history and the leases. The page loads nothing from
elsewhere and contains no script.

Names of keys and members are on the page; values and passwords are not. All
keys with the prefix are read once, as by du. What can't be read, for example
because the user may not, is listed on the page and on standard error, and does
not change the exit code; it is 1 if no member answers.`,
		Example: `  etcdctl report
  etcdctl report -o cluster.html --endpoints 10.0.0.7:2379
  etcdctl report /registry/ -o - > kubernetes.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := keys.Arguments(cmd, args); err != nil {
				return err
			}
			if err := to.Check(&a.streams); err != nil {
				return err
			}
			return a.report(cmd, keys, to)
		},
	}
	to.AddTo(cmd, "etcd-report.html")
	keys.AddTo(cmd)
	return curlRefuses(cmd, "it makes many requests")
}

// report writes the report about the cluster.
func (a *app) report(cmd *cobra.Command, keys *read.KeysFlags, to *read.Document) error {
	d, _, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	return to.Save(cmd.Context(), &a.streams, a.output.Printer, func() (read.Content, error) {
		p, err := examineAll(cmd.Context(), a, d)
		if err != nil {
			return nil, err
		}
		if len(p.Members) == 0 {
			return nil, cli.Recode(cli.Failure, unanswered(p))
		}
		o, err := overlook(cmd, a, d, p, keys)
		if err != nil {
			return nil, err
		}
		o.warn(a)
		facts := o.facts(typedFlags(a, cmd), redact.New(d.Secrets()...).Text)
		facts.Program = program + " " + cli.Build()
		return func(w io.Writer) error { return page.Write(w, facts) }, nil
	})
}

// facts returns what the page shows. hide removes secrets from texts that may
// repeat what was typed.
func (o *overview) facts(typed []string, hide func(string) string) page.Facts {
	p := o.picture
	f := page.Facts{At: p.At, Subject: fmt.Sprintf("cluster %x", p.ClusterID), Inventory: o.inventory, Leases: o.leases}
	f.Details = append(clusterDetails(p), read.KeyDetails(o.inventory, o.leases)...)
	for _, m := range o.missing {
		f.Missing = append(f.Missing, page.Missing{What: m.What, Why: hide(m.Why)})
	}
	for _, alarm := range p.Alarms {
		f.Alarms = append(f.Alarms, alarm.GetAlarm().String()+" of "+p.NameOf(alarm.GetMemberID()))
	}
	leader := p.Leader()
	for i := range p.Members {
		m := &p.Members[i]
		s := memberStatus(m, leader)
		one := page.Member{
			Name: s.Name, ID: m.Hex(), Version: s.Version, State: hide(s.Health), Leader: s.Leader, Learner: s.Learner, Up: s.Up,
			Size: s.Size, InUse: s.InUse, Quota: s.Quota, Lag: s.Lag,
		}
		for _, u := range m.ClientURLs {
			one.URLs = append(one.URLs, hide(u))
		}
		f.Members = append(f.Members, one)
	}
	v := diagnosis(o.doctor, p, typed)
	f.Doctor = &page.Diagnosis{Checks: int64(v.Checks), Members: int64(v.Members), Errors: int64(v.Errors), Warnings: int64(v.Warnings)}
	for _, one := range v.Findings {
		f.Doctor.Findings = append(f.Doctor.Findings, page.Finding{
			Check: one.Check, Severity: one.Severity, Members: strings.Join(one.Members, ", "), Evidence: hide(one.Evidence), Meaning: one.Meaning, Command: hide(one.Command),
		})
	}
	for _, u := range v.Unchecked {
		f.Doctor.Unchecked = append(f.Doctor.Unchecked, page.Unchecked{What: u.What, Why: hide(u.Why), Checks: int64(len(u.Checks))})
	}
	return f
}

// clusterDetails returns the facts about the members together.
func clusterDetails(p *doctor.Picture) []page.Detail {
	var versions []string
	var largest *doctor.Member
	up := 0
	for i := range p.Members {
		m := &p.Members[i]
		if m.Up() {
			up++
		}
		if v := m.Version(); v != nil && !slices.Contains(versions, v.String()) {
			versions = append(versions, v.String())
		}
		if m.Status() != nil && (largest == nil || m.Status().GetDbSize() > largest.Status().GetDbSize()) {
			largest = m
		}
	}
	slices.Sort(versions)
	all, alive := p.Voters()
	details := []page.Detail{
		{Name: "members", Value: fmt.Sprintf("%d of %d up", up, len(p.Members)), Note: fmt.Sprintf("%d of %d voting; quorum %d", alive, all, all/2+1)},
		{Name: "leader", Value: "none"},
		{Name: "etcd", Value: strings.Join(versions, ", ")},
	}
	if leader := p.Leader(); leader != nil {
		details[1].Value = leader.Label()
		details[1].Note = fmt.Sprintf("term %d", leader.Status().GetRaftTerm())
	}
	if largest == nil {
		return details
	}
	s := largest.Status()
	details = append(details, page.Detail{Name: "database", Value: page.Size(s.GetDbSize()), Note: page.Size(s.GetDbSizeInUse()) + " in use"})
	quota := page.Detail{Name: "quota used", Value: "unknown"}
	if q := largest.Quota(); q > 0 {
		quota.Value, quota.Note = page.Share(s.GetDbSize(), q), "of "+page.Size(q)
	}
	return append(details, quota)
}
