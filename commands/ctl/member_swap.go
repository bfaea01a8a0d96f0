package ctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type memberSwapOptions struct {
	peerURLs, name            string
	addFirst, removed, dryRun bool
	wait                      time.Duration
}

func (o *memberSwapOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.peerURLs, "peer-urls", "", "the new member's peer `URLs`, separated by commas; they may be those of the old one")
	fs.StringVar(&o.name, "name", "", "the new member's `name`; that of the old one if not given")
	fs.BoolVar(&o.addFirst, "add-first", false, "add the new member before the old one is removed; for a member that is up")
	fs.BoolVar(&o.removed, "removed", false, "the old member was removed already: continue by adding the new one")
	fs.BoolVar(&o.dryRun, "dry-run", false, "print the plan, and change nothing")
	fs.DurationVar(&o.wait, "wait", promoteWait, "how long the new member is waited for")
}

func newMemberSwap(a *app) *cobra.Command {
	o := &memberSwapOptions{}
	cmd := &cobra.Command{
		Use:   "swap <memberID> --peer-urls URLs [options]",
		Short: "Replace a failed member by a new one",
		Long: `Replace a voting member, named by its hexadecimal ID or its name as member list
shows them: remove it, add a learner at the new peer URLs, print the command that
starts it, wait until it is in sync, and promote it. Start the new member with an
empty data directory while this command waits.

The plan is printed first. A swap after which the quorum would not survive one
more failure is refused if it would now; --add-first keeps the old member, which
must be up, until the new one votes.

If the command is interrupted, run it again: it finds where the swap was, and
continues.`,
		Example: `  etcdctl member swap infra3 --peer-urls http://10.0.0.9:2380
  etcdctl member swap 8e9e05c52164694d --peer-urls http://10.0.0.10:2380 --name infra4 --add-first
  etcdctl member swap infra3 --peer-urls http://10.0.0.9:2380 --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := parseMember(args)
			if err != nil {
				return err
			}
			urls, err := peerURLs(o.peerURLs)
			if err != nil {
				return err
			}
			return o.swap(cmd, a, who, urls)
		},
	}
	o.addFlags(cmd)
	return curlRefuses(cmd, "it makes many requests")
}

// swapDeed is what member swap does.
func swapDeed(_ *app, cmd *cobra.Command, args []string) string {
	if isSet(cmd, "dry-run") {
		return ""
	}
	return "replace member " + strings.Join(args, " ")
}

// swapping is one run of member swap.
type swapping struct {
	*memberSwapOptions
	app   *app
	out   *printer.Printer
	swap  *cluster.Swap
	old   *pb.Member // as it was at the start; nil if it was removed before
	typed string     // the member as named
}

func (o *memberSwapOptions) swap(cmd *cobra.Command, a *app, who memberArg, urls []string) error {
	ctx := cmd.Context()
	d, p, err := a.dialer(cmd)
	if err != nil {
		return err
	}
	c, err := d.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // the answers are in
	limited, cancel := a.limit(ctx)
	list, err := c.MemberList(limited)
	cancel()
	if err != nil {
		return c.Explain(err)
	}
	ask := askThrough(d, a.conn.Timeout())
	s, err := cluster.NewSwap(list.Members, cluster.Up(ctx, ask, list), cluster.Wanted{
		What: who.text, URLs: urls, AddFirst: o.addFirst, Removed: o.removed,
		Who: func(m *pb.Member) bool { return who.notID == nil && m.GetID() == who.id || m.GetName() == who.text },
	})
	if err != nil {
		return err
	}
	r := &swapping{memberSwapOptions: o, app: a, out: p, swap: s, old: s.Old, typed: who.text}
	if err := r.plan(); err != nil || o.dryRun || s.Done() {
		return err
	}
	return c.Explain(r.run(ctx, d, c, ask))
}

// run does what the plan says.
func (r *swapping) run(ctx context.Context, d *conn.Dialer, c *conn.Client, ask cluster.Dialer) error {
	behind := &catchingUp{app: r.app, dialer: d, session: &session{client: c}}
	err := cluster.Swapping{
		Client: c, Did: r.did,
		Promote: cluster.Promotion{Timeout: r.app.conn.Timeout(), Wait: r.wait, Behind: func() {
			behind.id = r.swap.New.GetID()
			behind.report(ctx)()
		}},
		Ready: func(ctx context.Context, id uint64) error { return cluster.InSync(ctx, ask, c, id, r.wait) },
	}.Run(ctx, r.swap)
	if err != nil && ctx.Err() == nil && r.swap.New.GetIsLearner() {
		return fmt.Errorf("%w: start the new member, then run the same command again", err)
	}
	return err
}

// step prints one step.
func (r *swapping) step(step, line string, m *pb.Member, command string) error {
	id := ""
	if m != nil {
		id = fmt.Sprintf("%x", m.GetID())
	}
	err := r.out.Print(view.Item{Line: line, Values: []view.Named{
		{Name: "step", V: step}, {Name: "member_id", V: id}, {Name: "text", V: line}, {Name: "command", V: command},
	}})
	return errors.Join(err, r.out.Flush())
}

// plan prints what is left to do.
func (r *swapping) plan() error {
	s := r.swap
	if s.Done() {
		return r.step("done", fmt.Sprintf("Nothing is left to do: %s (%x) votes, with these peer URLs", cluster.Name(s.New), s.New.GetID()), s.New, "")
	}
	lines := []string{fmt.Sprintf("Plan for replacing %s; %d of %d voting members are up, %d are needed:", r.typed, s.Now.Up, s.Now.All, s.Now.Quorum())}
	for i, step := range s.Steps() {
		lines = append(lines, fmt.Sprintf("  %d. %s", i+1, r.describe(step)))
	}
	if s.Old != nil && s.After.Spare() < 1 && s.Now.Spare() < 1 {
		lines = append(lines, fmt.Sprintf("Until the new member votes, %d of %d voting members must be up, and no other may fail.", s.After.Quorum(), s.After.All))
	}
	return r.step("plan", strings.Join(lines, "\n"), s.Old, "")
}

// describe says what a step does.
func (r *swapping) describe(step cluster.Step) string {
	switch step {
	case cluster.StepRemove:
		state := "is down"
		if r.swap.OldUp {
			state = "is up"
		}
		return fmt.Sprintf("remove %s (%x), which %s", cluster.Name(r.swap.Old), r.swap.Old.GetID(), state)
	case cluster.StepAdd:
		return "add a learner with the peer URLs " + strings.Join(r.swap.URLs, ",")
	case cluster.StepStart:
		return "start the new member, by the command that is printed then"
	}
	return fmt.Sprintf("wait until it is in sync, for %v at most, and promote it", r.wait)
}

// did prints a step that is done.
func (r *swapping) did(step cluster.Step, members []*pb.Member) error {
	s := r.swap
	switch step {
	case cluster.StepRemove:
		return r.step(string(step), fmt.Sprintf("Member %x removed", r.old.GetID()), r.old, "")
	case cluster.StepAdd:
		return r.step(string(step), fmt.Sprintf("Member %x added as learner", s.New.GetID()), s.New, "")
	case cluster.StepStart:
		start := r.start(members)
		return r.step(string(step), "\n"+start.Settings()+"\nStart the new member with an empty data directory and these settings, or with this command, and add the TLS flags of the other members:\n  $ "+start.Command()+"\n", s.New, start.Command())
	}
	return r.step(string(step), fmt.Sprintf("Member %x promoted", s.New.GetID()), s.New, "")
}

// start returns how to start the new member.
func (r *swapping) start(members []*pb.Member) memberStart {
	name := cmp.Or(r.name, r.old.GetName(), r.typed)
	clients := r.old.GetClientURLs()
	if len(clients) == 0 {
		clients = []string{"http://127.0.0.1:2379"}
	}
	return memberStart{name: name, peers: r.swap.URLs, clients: atHost(clients, r.swap.URLs[0]), cluster: view.InitialCluster(members, r.swap.New.GetID(), name)}
}

// memberStart is how a new member is started.
type memberStart struct {
	name           string
	peers, clients []string
	cluster        string
}

// Settings are the environment variables of the member.
func (s memberStart) Settings() string {
	return view.StartSettings(s.name, s.cluster, strings.Join(s.peers, ","))
}

// Command is the command line that starts the member.
func (s memberStart) Command() string {
	flag := func(name string, value string) string { return " --" + name + " " + cli.Quote(value) }
	peers, clients := strings.Join(s.peers, ","), strings.Join(s.clients, ",")
	return "etcd" + flag("name", s.name) + flag("data-dir", s.name+".etcd") +
		flag("initial-cluster-state", "existing") + flag("initial-cluster", s.cluster) +
		flag("initial-advertise-peer-urls", peers) + flag("listen-peer-urls", listens(s.peers)) +
		flag("advertise-client-urls", clients) + flag("listen-client-urls", listens(s.clients))
}

// atHost returns URLs with the host of another.
func atHost(urls []string, other string) []string {
	at, err := url.Parse(other)
	if err != nil {
		return urls
	}
	var all []string
	for _, one := range urls {
		if u, err := url.Parse(one); err == nil && u.Port() != "" && at.Hostname() != "" {
			u.Host = net.JoinHostPort(at.Hostname(), u.Port())
			one = u.String()
		}
		all = append(all, one)
	}
	return all
}

// listens returns the URLs to listen on: etcd demands addresses there, not names.
func listens(urls []string) string {
	var all []string
	for _, one := range urls {
		if u, err := url.Parse(one); err == nil && u.Port() != "" && net.ParseIP(u.Hostname()) == nil && u.Hostname() != "localhost" {
			u.Host = net.JoinHostPort("0.0.0.0", u.Port())
			one = u.String()
		}
		all = append(all, one)
	}
	return strings.Join(all, ",")
}
