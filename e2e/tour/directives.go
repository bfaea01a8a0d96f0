package tour

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"etcdkit/e2e/cluster"
)

// patience is how long programs wait for an answer: longer than by default, since the machine may be busy with others.
const patience = "60s"

// memberIDs returns the ids that members have on the page, in the order of their names.
func memberIDs() []string {
	return []string{"8e9e05c52164694d", "91bc3c398fb3c146", "fd422379fda50e48"}
}

// direct carries out a directive; next is the text after it.
func (g *guide) direct(ctx context.Context, words []string, next []part) error {
	rest := strings.Join(words[1:], " ")
	if g.cluster == nil && slices.Contains([]string{"reserve", "join", "stop", "start", "data", "watchers"}, words[0]) {
		return errors.New("there is no cluster")
	}
	switch words[0] {
	case "cluster":
		return g.startCluster(ctx, strings.Fields(rest), serverArgs(next))
	case "reserve":
		m, err := g.cluster.Reserve()
		if err == nil {
			g.nameMember(m, len(g.cluster.Members))
		}
		return err
	case "join":
		return g.cluster.Join(rest)
	case "stop":
		return g.stop(words[1:])
	case "start":
		return g.start(ctx, words[1:])
	case "data":
		return g.data(words[1:])
	case "env":
		g.vars = append(g.vars, rest)
		return nil
	case "terminal":
		g.current = rest
		return nil
	case "learn":
		r, err := newRule(words)
		g.names.learn = append(g.names.learn, r)
		return err
	case "mask":
		r, err := newRule(words)
		g.names.masked = append(g.names.masked, r)
		return err
	case "sh":
		_, err := g.hidden(ctx, rest)
		return err
	case "until":
		return g.poll(ctx, func() error { return g.try(ctx, rest) })
	case "watchers":
		return g.poll(ctx, func() error { return g.watchers(ctx, rest) })
	}
	return errors.New("no such directive")
}

// startCluster: cluster [-version 3.7] [-members 3] [-tls] [-client-cert-auth] [-settled] [-datadir DIR] [-- FLAGS] starts
// servers, for terminals opened from here on. Flags of "etcd" in a block of sh that follows are the servers'.
func (g *guide) startCluster(ctx context.Context, args, server []string) error {
	fs := flag.NewFlagSet("cluster", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	g.started++
	opts := cluster.Options{Dir: filepath.Join(g.dir, fmt.Sprintf(".cluster%d", g.started))}
	line := fs.String("version", "3.7", "")
	fs.IntVar(&opts.Members, "members", 1, "")
	fs.BoolVar(&opts.TLS, "tls", false, "")
	fs.BoolVar(&opts.ClientCertAuth, "client-cert-auth", false, "")
	fs.BoolVar(&opts.Settled, "settled", false, "")
	fs.StringVar(&opts.DataDir, "datadir", "", "")
	err := fs.Parse(args)
	if err != nil {
		return err
	}
	opts.Args = append(fs.Args(), server...)
	if opts.DataDir != "" {
		opts.DataDir = filepath.Join(g.dir, opts.DataDir)
	}
	if opts.Bin, err = g.page.Refs.Build(ctx, *line); err != nil {
		return err
	}
	g.servers = opts.Bin
	g.end()
	if g.cluster, err = cluster.Start(ctx, opts); err != nil {
		return err
	}
	if err := g.nameCluster(); err != nil {
		return err
	}
	return g.lookAround()
}

// stop: stop NAME... ends the servers of members; their data stays.
func (g *guide) stop(names []string) error {
	for _, name := range names {
		if err := g.cluster.StopMember(name); err != nil {
			return err
		}
	}
	return nil
}

// start: start [-version 3.6] NAME... starts the servers of stopped members again, those of another release if one is given.
func (g *guide) start(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("start", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	line := fs.String("version", "", "")
	if err := fs.Parse(args); err != nil {
		return err
	}
	for _, name := range fs.Args() {
		m, err := g.cluster.Member(name)
		if err == nil && *line != "" {
			m.Bin, err = g.page.Refs.Build(ctx, *line)
		}
		if err == nil {
			err = g.cluster.RestartMember(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// data: data NAME DIR makes the data directory of a member known as DIR.
func (g *guide) data(args []string) error {
	if len(args) != 2 {
		return errors.New("data NAME DIR")
	}
	m, err := g.cluster.Member(args[0])
	if err != nil {
		return err
	}
	return os.Symlink(m.DataDir, filepath.Join(g.dir, args[1]))
}

// nameCluster gives ids and addresses of the members the names they have on the page.
func (g *guide) nameCluster() error {
	if err := g.names.id("cdf818194e3a8c32", g.cluster.ID); err != nil {
		return err
	}
	for i, m := range g.cluster.Members {
		g.nameMember(m, i+1)
		if err := g.names.id(memberIDs()[i], m.ID); err != nil {
			return err
		}
	}
	return nil
}

// nameMember gives the nth member the ports that etcd's own example of a cluster has.
func (g *guide) nameMember(m *cluster.Member, n int) {
	ports := "127.0.0.1:" + strings.TrimPrefix(strconv.Itoa(n), "1")
	g.names.real[ports+"2379"] = m.Endpoint
	g.names.real[ports+"2380"] = strings.TrimPrefix(m.PeerURL, "http://")
}

// lookAround sets the environment of terminals: our programs, and the cluster
// at the default address.
func (g *guide) lookAround() error {
	c := g.cluster
	g.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "ETCD") || strings.Contains(strings.ToLower(v), "_proxy=")
	}), "PATH="+strings.Join([]string{g.page.Ours, os.Getenv("PATH"), g.servers}, string(os.PathListSeparator)), "HOME="+g.dir, "TZ=UTC",
		"ETCDCTL_ENDPOINTS="+c.Endpoints(), "ETCDCTL_COMMAND_TIMEOUT="+patience, "ETCDCTL_DIAL_TIMEOUT="+patience)
	g.env = append(g.env, g.vars...)
	if c.Certs() == "" {
		return nil
	}
	return os.Symlink(c.Certs(), filepath.Join(g.dir, "certs"))
}

// serverArgs returns the flags of etcd in a block of sh that follows, but for those that every cluster here has already.
func serverArgs(next []part) []string {
	if len(next) == 0 || next[0].text != "```sh\n" {
		return nil
	}
	args := strings.Fields(next[1].text)
	return slices.DeleteFunc(args, func(arg string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return slices.Contains([]string{"etcd", "name", "data-dir", "cert-file", "key-file", "trusted-ca-file", "client-cert-auth"}, name)
	})
}

// hidden runs a command that the page does not show.
func (g *guide) hidden(ctx context.Context, command string) (string, error) {
	t, err := g.terminal()
	if err != nil {
		return "", err
	}
	if err := t.enter("$ " + g.names.forRun(command) + "\n"); err != nil {
		return "", err
	}
	return t.toEnd(ctx)
}

func (g *guide) try(ctx context.Context, command string) error {
	out, err := g.hidden(ctx, "{ "+command+"; } >/dev/null 2>&1 && echo yes")
	if err == nil && out != "yes\n" {
		err = errors.New("it goes on failing")
	}
	return err
}

// watchers counts the watchers of the first member.
func (g *guide) watchers(ctx context.Context, want string) error {
	got, err := g.cluster.Metric(ctx, g.cluster.Members[0], "etcd_debugging_mvcc_watcher_total")
	if err == nil && fmt.Sprint(got) != want {
		err = fmt.Errorf("there are %v", got)
	}
	return err
}

// poll waits until f succeeds.
func (g *guide) poll(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
