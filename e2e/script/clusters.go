package script

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/cluster"
)

// cmdCluster: cluster [-name NAME] [-version LINE] [-members 1|3] [-tls] [-client-cert-auth] [-cert PAIR] [-auth]
// [-settled] [-two-urls] [-datadir DIR] [-member NAME] [-- SERVER ARGS...] starts servers that live as long as the script.
func cmdCluster(ts *testscript.TestScript, st *state, args []string) {
	fs := flag.NewFlagSet("cluster", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	var opts cluster.Options
	name := fs.String("name", "", "")
	line := fs.String("version", st.line, "")
	fs.IntVar(&opts.Members, "members", 0, "")
	fs.BoolVar(&opts.TLS, "tls", false, "")
	fs.BoolVar(&opts.ClientCertAuth, "client-cert-auth", false, "")
	fs.StringVar(&opts.ServerCert, "cert", "", "")
	fs.BoolVar(&opts.Auth, "auth", false, "")
	fs.BoolVar(&opts.TwoURLs, "two-urls", false, "")
	fs.BoolVar(&opts.Settled, "settled", false, "")
	fs.StringVar(&opts.DataDir, "datadir", "", "")
	fs.StringVar(&opts.MemberName, "member", "", "")
	st.stranded = true // until there are servers, no program may run: it would find others on the default port
	ts.Check(fs.Parse(args))
	if _, ok := st.clusters[*name]; ok {
		ts.Fatalf("cluster %q is running already", *name)
	}
	var err error
	if *line == "3.4" {
		opts.Bin, err = st.eng.Refs.Etcd34(st.ctx)
	} else {
		opts.Bin, err = st.eng.Refs.Build(st.ctx, *line)
	}
	ts.Check(err)
	opts.Args = st.serverArgs(*line, fs.Args())
	opts.Dir = ts.MkAbs(filepath.Join(ts.Getenv("WORK"), ".cluster"+*name))
	spread := opts.Members > 0
	if st.side.secure {
		secureOptions(&opts, ts.MkAbs(filepath.Join(ts.Getenv("WORK"), ".certs")))
	}
	if opts.DataDir != "" {
		opts.DataDir = ts.MkAbs(opts.DataDir)
	}
	c, err := cluster.Start(st.ctx, opts)
	ts.Check(err)
	st.clusters[*name] = c
	ts.Check(st.export(ts, *name, c))
	switch {
	case *name != "":
	case st.v2:
		st.useV2ByDefault(ts, c)
	default:
		st.useByDefault(ts, c)
		if len(c.Members) > 1 && !spread {
			// A token is known to the member that has logged in a client, and to the others when they get to know of it.
			st.setenv(ts, "ETCDCTL_ENDPOINTS", c.Members[0].ClientURL)
		}
	}
	st.stranded = false
}

// export sets the variables that describe a cluster and masks their values. A named cluster's carry its name as prefix.
func (st *state) export(ts *testscript.TestScript, name string, c *cluster.Cluster) error {
	prefix := ""
	if name != "" {
		prefix = name + "_"
	}
	st.setenv(ts, prefix+"ENDPOINTS", c.Endpoints())
	if dir := c.Certs(); dir != "" {
		st.setenv(ts, prefix+"CERTS", dir)
	}
	if c.ID != 0 {
		if err := st.nameID(ts, prefix+"CLUSTER", c.ID); err != nil {
			return err
		}
	}
	for i, m := range c.Members {
		if err := st.exportMember(ts, prefix, i+1, m); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) exportMember(ts *testscript.TestScript, prefix string, number int, m *cluster.Member) error {
	n := strconv.Itoa(number)
	st.setenv(ts, prefix+"URL"+n, m.ClientURL)
	st.setenv(ts, prefix+"PEERURL"+n, m.PeerURL)
	st.setenv(ts, prefix+"EP"+n, m.Endpoint)
	names := map[string]string{m.Endpoint: "EP", strings.TrimPrefix(m.PeerURL, "http://"): "PEER"}
	if _, second, ok := strings.Cut(m.SecondURL, "://"); ok {
		names[second] = "SECOND"
	}
	for text, name := range names {
		if err := st.masks.add(text, prefix+name+n); err != nil {
			return err
		}
	}
	if m.ID == 0 {
		return nil
	}
	return st.nameID(ts, prefix+"ID"+n, m.ID)
}

// patience is how long programs wait for an answer unless a script says otherwise: longer than by default, since the
// machine may be busy with other scripts.
const patience = "60s"

// useByDefault points the programs of the script at a cluster through their environment.
func (st *state) useByDefault(ts *testscript.TestScript, c *cluster.Cluster) {
	st.setenv(ts, "ETCDCTL_ENDPOINTS", c.Endpoints())
	st.setenv(ts, "ETCDCTL_COMMAND_TIMEOUT", patience)
	st.setenv(ts, "ETCDCTL_DIAL_TIMEOUT", patience)
	if dir := c.Certs(); dir != "" {
		st.setenv(ts, "ETCDCTL_CACERT", filepath.Join(dir, "ca.crt"))
		if c.NeedsClientCert() {
			st.setenv(ts, "ETCDCTL_CERT", filepath.Join(dir, cluster.CertClient+".crt"))
			st.setenv(ts, "ETCDCTL_KEY", filepath.Join(dir, cluster.CertClient+".key"))
		}
	}
	if c.HasAuth() {
		st.setenv(ts, "ETCDCTL_USER", cluster.RootUser+":"+cluster.RootPassword)
	}
}

// clusterArgs takes [-name NAME] off the arguments.
func (st *state) clusterArgs(args []string) (*cluster.Cluster, []string, error) {
	name := ""
	if len(args) >= 2 && args[0] == "-name" {
		name, args = args[1], args[2:]
	}
	c, ok := st.clusters[name]
	if !ok {
		return nil, nil, fmt.Errorf("no cluster %q", name)
	}
	return c, args, nil
}

// cmdStopMember: stopmember [-name CLUSTER] MEMBER... ends servers.
func cmdStopMember(ts *testscript.TestScript, st *state, args []string) {
	c, members, err := st.clusterArgs(args)
	ts.Check(err)
	if len(members) == 0 {
		ts.Fatalf("usage: stopmember [-name CLUSTER] MEMBER...")
	}
	for _, m := range members {
		ts.Check(c.StopMember(m))
	}
}

// cmdStartMember: startmember [-name CLUSTER] MEMBER... starts servers that stopmember ended.
func cmdStartMember(ts *testscript.TestScript, st *state, args []string) {
	c, members, err := st.clusterArgs(args)
	ts.Check(err)
	if len(members) == 0 {
		ts.Fatalf("usage: startmember [-name CLUSTER] MEMBER...")
	}
	for _, m := range members {
		ts.Check(c.RestartMember(st.ctx, m))
	}
}

// cmdReserveMember: reservemember sets the variables of one more member, which the first cluster does not know of yet.
func cmdReserveMember(ts *testscript.TestScript, st *state, args []string) {
	c, args, err := st.clusterArgs(args)
	ts.Check(err)
	if len(args) != 0 {
		ts.Fatalf("usage: reservemember")
	}
	m, err := c.Reserve()
	ts.Check(err)
	ts.Check(st.exportMember(ts, "", len(c.Members), m))
}

// cmdJoinMember: joinmember MEMBER starts the server of a member that was reserved and added to the cluster, and waits
// until it has applied all that the first has.
func cmdJoinMember(ts *testscript.TestScript, st *state, args []string) {
	c, args, err := st.clusterArgs(args)
	ts.Check(err)
	if len(args) != 1 {
		ts.Fatalf("usage: joinmember MEMBER")
	}
	ts.Check(c.Join(args[0]))
	m, err := c.Member(args[0])
	ts.Check(err)
	const applied = "etcd_server_proposals_applied_total"
	want, err := c.Metric(st.ctx, c.Members[0], applied)
	ts.Check(err)
	var got float64
	ts.Check(st.poll(func() bool {
		got, err = c.Metric(st.ctx, m, applied)
		return err == nil && got >= want
	}, func() string { return fmt.Sprintf("%g applied, there are %g (%v)", want, got, err) }))
}

// cmdAwaitWatchers: awaitwatchers [-name CLUSTER] N waits until the first member serves N watchers, no more and no fewer.
func cmdAwaitWatchers(ts *testscript.TestScript, st *state, args []string) {
	c, args, err := st.clusterArgs(args)
	ts.Check(err)
	if len(args) != 1 {
		ts.Fatalf("usage: awaitwatchers [-name CLUSTER] N")
	}
	want, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	metric := "etcd_debugging_mvcc_watcher_total"
	if st.v2 {
		metric = "etcd_debugging_store_watchers"
	}
	var got float64
	ts.Check(st.poll(func() bool {
		got, err = c.Metric(st.ctx, c.Members[0], metric)
		return err == nil && got == want
	}, func() string { return fmt.Sprintf("%g watchers, there are %g (%v)", want, got, err) }))
}
